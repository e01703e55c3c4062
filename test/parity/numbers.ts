import { join } from 'node:path';
import { openTokenizer } from '../../src/engine/models/tokenizer.js';
import { modelTime, noised, sigmas, timestep } from '../../src/engine/pipelines/schedule.js';
import { TorchGenerator } from '../../src/engine/pipelines/torch-generator.js';
import { denoise } from '../../src/engine/pipelines/velocity-field.js';
import type { Tensor } from '../../src/engine/runtime/tensor.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';

/** `noise`: what a seed draws. */
export async function noise({ json }: Case, judge: Judge): Promise<void> {
  for (const { tensor, seed, shape } of json.call.draws) judge.compare(tensor, new TorchGenerator(seed).randn(shape));
  if (json.call.two_draws_seed === undefined) return;
  const generator = new TorchGenerator(json.call.two_draws_seed);
  for (let i = 0; json.tensors[`two.${i}`] !== undefined; i++)
    judge.compare(`two.${i}`, generator.randn(json.tensors[`two.${i}`].shape));
}

/** `scheduler`: noise levels, the times derived from them, and one Euler step. */
export async function scheduler({ json }: Case, judge: Judge): Promise<void> {
  for (const name of Object.keys(json.tensors)) {
    const [, shift, n, what] = /^shift([\d.]+)\.n(\d+)\.(sigmas|timesteps|dit_t)$/.exec(name) ?? [];
    if (what === undefined) continue;
    const levels = sigmas(Number(n), Number(shift));
    const noisy = levels.slice(0, -1);
    const values = { sigmas: levels, timesteps: noisy.map(timestep), dit_t: noisy.map(modelTime) }[what]!;
    judge.compare(name, { shape: [values.length], data: values });
  }
  // The single steps are taken on Turbo's own grid.
  const grid = sigmas(8, 3);
  for (const name of Object.keys(json.tensors)) {
    const [, what, index] = /^(step\.prev|scale_noise\.out)\.(\d+)$/.exec(name) ?? [];
    if (what === undefined) continue;
    const k = Number(index);
    const sample = judge.input('step.sample') as Tensor;
    if (what === 'step.prev') {
      const velocity = async () => judge.input('step.model_output') as Tensor;
      for await (const { latents } of denoise(velocity, sample, grid.slice(k, k + 2))) judge.compare(name, latents);
    } else {
      const epsilon = judge.input('scale_noise.noise').data;
      const data = Float32Array.from(sample.data, (value, i) => noised(value, epsilon[i]!, grid[k]!));
      judge.compare(name, { shape: sample.shape, data });
    }
  }
}

/** `tokenizer`: ids of the templated text, cut to the maximum, and of the text itself. */
export async function tokenizer({ json, checkpoint }: Case, judge: Judge): Promise<void> {
  const { encode, encodePrompt } = openTokenizer(join(checkpoint, 'tokenizer'), json.call.max_length);
  for (const { i, text } of json.strings) {
    const { ids } = encodePrompt(text);
    judge.compare(`ids.${i}`, { shape: [ids.length], data: ids });
    const plain = encode(text);
    judge.compare(`plain.${i}`, { shape: [plain.length], data: plain });
  }
}
