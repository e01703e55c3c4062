import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineSection } from '../../src/engine/config.js';
import { chooseDevice, startDevice } from '../../src/engine/process/device.js';

describe('the settings', () => {
  it('have defaults for everything, and take empty as unset', () => {
    const settings = engineSection.schema.parse({ ENGINE_THREADS: '', CHECKPOINTS: '' });
    expect(settings).toMatchObject({ ENGINE_DEVICE: 'auto', CHECKPOINTS: [] });
    expect(settings.ENGINE_THREADS).toBeGreaterThan(0);
    expect(settings.ENGINE_MEMORY).toBeGreaterThan(0);
    expect(settings.MODELS_CATALOG).toMatch(/models.catalog\.json$/);
  });

  it('name the variable that is wrong', () => {
    const { error } = engineSection.schema.safeParse({ ENGINE_DEVICE: 'tpu', ENGINE_WATCHDOG_MS: 'soon' });
    expect(error?.issues.map(({ path }) => path[0])).toEqual(['ENGINE_DEVICE', 'ENGINE_WATCHDOG_MS']);
  });

  it('list checkpoints as PATH lists folders', () => {
    expect(engineSection.schema.parse({ CHECKPOINTS: `/a${delimiter}/b` }).CHECKPOINTS).toEqual(['/a', '/b']);
  });
});

describe('the device', () => {
  it.each([
    ['auto', { nvidia: true, cudaProvider: true }, 'cuda'],
    ['auto', { nvidia: true, cudaProvider: false }, 'cpu'],
    ['auto', { nvidia: false, cudaProvider: true }, 'cpu'],
    ['webgpu', { nvidia: false, cudaProvider: false }, 'webgpu'],
  ] as const)('%s with %o is %s', (wanted, machine, device) => {
    const choice = chooseDevice(wanted, machine);
    expect(choice.device).toBe(device);
    expect(choice.reason).toMatch(/^[A-Z].*\.$/);
  });

  it('falls back to the CPU when CUDA does not start, unless it was asked for', async () => {
    const machine = { nvidia: true, cudaProvider: true };
    const broken = async () => Promise.reject(new Error('no driver'));
    expect(await startDevice('auto', broken, machine)).toMatchObject({ device: 'cpu' });
    await expect(startDevice('cuda', broken, machine)).rejects.toThrow('no driver');
    expect(await startDevice('cpu', broken, machine)).toMatchObject({ device: 'cpu' });
  });

  it('computes in 32 bits where a WebGPU adapter has no 16-bit floats, and says why it cannot at all', async () => {
    const machine = { nvidia: false, cudaProvider: false };
    const half = async (device: string) => {
      if (device === 'webgpu') throw new Error('requires f16');
    };
    expect(await startDevice('webgpu', half, machine)).toMatchObject({
      device: 'webgpu-float32',
      reason: expect.stringContaining('no 16-bit floats'),
    });
    const none = async () => Promise.reject(new Error('No supported adapters'));
    await expect(startDevice('webgpu', none, machine)).rejects.toThrow(
      'cannot start on the webgpu device that was asked for: No supported adapters',
    );
  });
});
