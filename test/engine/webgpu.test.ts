import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../program.js';
import { fixtures, temporaryFolder } from './checkpoints.js';

/** Chromium brings a Vulkan device that computes on the CPU. Its adapter has no 16-bit floats. */
const chromium = '/usr/lib/chromium';
const driver = join(chromium, 'vk_swiftshader_icd.json');
const swiftShader = { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: chromium };

/** Draws with the built program on a device, as a user does. */
async function drawn(device: string, env: Readonly<Record<string, string>>) {
  const out = join(temporaryFolder(), `${device}.png`);
  const checkpoint = join(fixtures, 'tiny-turbo');
  const args = ['generate', 'a red house', '--checkpoint', checkpoint, '--model', 'tiny-turbo', '--size', '64x64'];
  const { code, err } = await runProgram([...args, '--steps', '2', '--seed', '7', '--out', out], {
    env: { ENGINE_DEVICE: device, LOG_LEVEL: 'debug', ...env },
  });
  expect(code, err).toBe(0);
  return { pixels: await sharp(readFileSync(out)).removeAlpha().raw().toBuffer(), said: err };
}

describe.skipIf(!existsSync(driver) && process.env.CI === undefined)('WebGPU', () => {
  it('draws what the CPU draws, in 32 bits where the adapter has no others', { timeout: 180_000 }, async () => {
    const cpu = await drawn('cpu', {});
    const webgpu = await drawn('webgpu', swiftShader);
    expect(webgpu.said).toContain('no 16-bit floats, so it computes in 32 bits');
    const squares = Array.from(cpu.pixels, (value, i) => (value - webgpu.pixels[i]!) ** 2);
    expect(webgpu.pixels).toHaveLength(cpu.pixels.length);
    const meanSquare = squares.reduce((sum, square) => sum + square, 0) / squares.length;
    // 35 dB: nobody sees a difference of 4.5 levels.
    expect(Math.sqrt(meanSquare)).toBeLessThan(4.5);
  });
});
