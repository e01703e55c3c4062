import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Device, DeviceChoice } from '../engine.js';

/** What computes, with its version: `onnxruntime 1.27.0`. */
export function runtimeName(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return `onnxruntime ${version}`;
}

/** What the machine has, as far as choosing a device needs to know. */
export interface Machine {
  /** Whether the CUDA provider's library lies beside the ONNX Runtime binding. */
  readonly cudaProvider: boolean;
  /** Whether there is an NVIDIA device. */
  readonly nvidia: boolean;
}

/**
 * Chooses the device that was asked for, or the fastest that is sure to work. WebGPU is slower and less exact than CUDA, so it is taken
 * only when asked for.
 */
export function chooseDevice(wanted: 'auto' | Device, machine: Machine = thisMachine()): DeviceChoice {
  if (wanted !== 'auto') return { device: wanted, reason: `The ${wanted} device was asked for by name.` };
  if (!machine.nvidia) return { device: 'cpu', reason: 'The CPU computes, because no NVIDIA device was found.' };
  if (!machine.cudaProvider)
    return {
      device: 'cpu',
      reason:
        'The CPU computes, because ONNX Runtime has no CUDA provider beside it, although there is an NVIDIA device.',
    };
  return { device: 'cuda', reason: 'CUDA computes, because its provider and an NVIDIA device were found.' };
}

/**
 * Chooses a device and tries it. Where `auto` chose one that does not compute, the CPU is used instead. WebGPU computes
 * in 16 bits where the adapter can.
 *
 * @param attempt rejects when the device does not compute
 * @throws an Error with one sentence, when a device that was asked for does not start
 */
export async function startDevice(
  wanted: 'auto' | Device,
  attempt: (device: Device) => Promise<void>,
  machine: Machine = thisMachine(),
): Promise<DeviceChoice> {
  const choice = chooseDevice(wanted, machine);
  try {
    if (choice.device === 'webgpu') return await webGpu(choice, attempt);
    if (choice.device !== 'cpu') await attempt(choice.device);
    return choice;
  } catch (error) {
    const why = (error as Error).message;
    if (wanted !== 'auto')
      throw new Error(`The engine cannot start on the ${wanted} device that was asked for: ${why}`, { cause: error });
    return { device: 'cpu', reason: `The CPU computes, because ${choice.device} was found but does not start: ${why}` };
  }
}

/** In 16 bits, or in 32 on an adapter that has no others. */
async function webGpu(choice: DeviceChoice, attempt: (device: Device) => Promise<void>): Promise<DeviceChoice> {
  try {
    await attempt('webgpu');
    return choice;
  } catch {
    // Any other failure happens here too, and is thrown from here.
    await attempt('webgpu-float32');
    const reason = `${choice.reason} Its adapter has no 16-bit floats, so it computes in 32 bits.`;
    return { device: 'webgpu-float32', reason };
  }
}

function thisMachine(): Machine {
  return {
    cudaProvider: existsSync(join(bindingFolder(), 'libonnxruntime_providers_cuda.so')),
    nvidia: ['/dev/nvidia0', '/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path)),
  };
}

/** Where the npm package keeps its native libraries; provider libraries of other devices are laid beside them. */
function bindingFolder(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
}
