import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../src/checkpoint/index.js';
import { compileImageEncoder, compileOmniTransformer, compileTransformer } from '../../src/compiler/index.js';
import { openImageEncoder } from '../../src/engine/models/image-encoder.js';
import { Loras } from '../../src/engine/models/loras.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { items } from '../../src/engine/runtime/tensor.js';
import { diffusers, factorsOf, folderOf, tensorsOf } from '../checkpoint/lora-files.js';
import { image } from '../engine/images.js';
import { tinyOmni, writeImageEncoder } from '../engine/omni-checkpoint.js';
import { temporaryFolder, writeJson } from './files.js';
import { farthest, fixtures, run } from './run.js';
import { wave } from './waves.js';

const folder = join(fixtures, 'checkpoints', 'tiny-turbo', 'transformer');
const WEIGHTS = 'diffusion_pytorch_model.safetensors';
const target = { target: 'cpu' } as const;
const device = { device: 'cpu', threads: 1 } as const;

/** @param adapter a folder of changes inside the weights */
function open(adapter: string | null = null): Promise<Transformer> {
  const options = { ...target, adapter };
  return Transformer.open(compileTransformer(folder, options), device, (mode, loras) =>
    mode === 'prompts'
      ? compileTransformer(folder, { ...options, loras })
      : compileOmniTransformer(folder, { ...options, loras, siglip: false }),
  );
}

const shown = [{ latents: wave([1, 16, 6, 8]), vision: null }];
const segments = (length: number) => [wave([5, 80]), wave([length, 80]), wave([2, 80])];
const latents = wave([1, 16, 8, 8]);

describe('the transformer in omni mode', () => {
  it('computes what it computes of words alone, where nothing is shown and the caption needs no padding', async () => {
    const model = await open();
    const caption = wave([32, 80]);
    const words = await model.promptPredictor([caption]).predict(latents, [0.3]);
    const omni = await model.referencePredictor([[caption]], []).predict(latents, [0.3]);
    expect(farthest(words.data, omni.data)).toBeLessThan(1e-4);
    await model.dispose();
  });

  it('goes by the image and by every segment', async () => {
    const model = await open();
    const predict = async (parts: ReturnType<typeof segments>, images = shown) =>
      (await model.referencePredictor([parts], images).predict(latents, [0.3])).data;
    const first = await predict(segments(9));
    const [one, two, three] = segments(9);
    const others = [
      await predict(segments(9), [{ latents: wave([1, 16, 8, 8]), vision: null }]),
      await predict([wave([4, 80]), two!, three!]),
      await predict([one!, wave([10, 80]), three!]),
      await predict([one!, two!, wave([1, 80])]),
    ];
    for (const other of others) expect(farthest(first, other)).toBeGreaterThan(1e-3);
    await model.dispose();
  });

  it('gives each item of a batch what it gives it alone, whatever the lengths', async () => {
    const model = await open();
    const prompts = [segments(9), segments(12), segments(40)];
    const batch = {
      ...latents,
      shape: [3, 16, 8, 8],
      data: Float32Array.from([...latents.data, ...latents.data, ...latents.data]),
    };
    const all = await model.referencePredictor(prompts, shown).predict(batch, [0.3, 0.6, 0.9]);
    for (const [i, time] of [0.3, 0.6, 0.9].entries()) {
      const alone = await model.referencePredictor([prompts[i]!], shown).predict(latents, [time]);
      expect(farthest(items(all, i, i + 1).data, alone.data)).toBeLessThan(1e-4);
    }
    await model.dispose();
  });

  it('takes LoRAs as changes inside the weights, and they leave no trace', async () => {
    const model = await open();
    const predict = async (on: Transformer, changes = {}) =>
      (await on.referencePredictor([segments(9)], shown, changes).predict(latents, [0.3])).data;
    const before = await predict(model);
    const adapter = folderOf(tensorsOf(factorsOf(4), diffusers, 2));
    const file = join(adapter, 'adapter.safetensors');
    const loras = new Loras([{ id: 'a', name: 'a', description: '', file }], folder);
    const changed = await predict(model, loras.inputs([{ id: 'a', weight: 1 }]));
    const merged = await open(adapter);
    expect(farthest(changed, await predict(merged))).toBeLessThan(1e-4);
    expect(farthest(changed, before)).toBeGreaterThan(1e-2);
    expect(await predict(model)).toEqual(before);
    await model.dispose();
    await merged.dispose();
  });

  it('takes features where its configuration has them, and must then have weights for them', () => {
    const { transformer } = tinyOmni().components;
    const takes = (of: string) => compileOmniTransformer(of, target).prepare.inputs.map(({ name }) => name);
    expect(takes(transformer)).toContain('siglip');
    expect(takes(folder)).not.toContain('siglip');
    cpSync(join(folder, WEIGHTS), join(transformer, WEIGHTS));
    expect(() => takes(transformer)).toThrow(/no tensor "siglip_embedder/);
  });
});

describe('SigLIP 2’s vision tower', () => {
  it('spreads its grid of positions over the image’s', async () => {
    const encoder = join(temporaryFolder(), 'siglip');
    // Without anything else in the sum, what is left is the normed positions.
    writeImageEncoder(encoder, (name, tensor) =>
      /patch_embedding|out_proj|fc2/.test(name) ? { type: 'F32', shape: tensor.shape } : tensor,
    );
    const graph = compileImageEncoder(encoder, target);
    const third = { shape: [1, 3], data: Float32Array.of(0, 1, 0) };
    const between = { shape: [2, 3], data: Float32Array.of(0.5, 0.5, 0, 0, 0, 1) };
    const { features } = await run(graph, { patches: wave([2, 768]), rows: third, columns: between });
    const grid = (row: number, column: number, c: number) => 0.3 * Math.sin(1.7 * ((row * 3 + column) * 16 + c) + 2);
    const normed = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return values.map((value) => (value - mean) / Math.sqrt(variance + 1e-6));
    };
    const channels = Array.from({ length: 16 }, (_, c) => c);
    const expected = [
      normed(channels.map((c) => (grid(1, 0, c) + grid(1, 1, c)) / 2)),
      normed(channels.map((c) => grid(1, 2, c))),
    ];
    const bias = (c: number) => features!.data[c]! - expected[0]![c]!;
    for (const c of channels) expect(features!.data[16 + c]! - expected[1]![c]!).toBeCloseTo(bias(c), 4);
  });

  it.each([
    [64, 64, 4, 4],
    [320, 64, 2, 10],
    [64, 512, 12, 2],
    [16, 16, 4, 4],
  ])('sees %d × %d as %d × %d patches', async (width, height, rows, columns) => {
    const encoder = join(temporaryFolder(), 'siglip');
    writeImageEncoder(encoder);
    const model = await openImageEncoder(compileImageEncoder(encoder, target), device);
    const seen = await model.encode(image(width, height, (x, y) => [x, y, 200]));
    expect([seen.rows, seen.columns, seen.features.shape]).toEqual([rows, columns, [rows * columns, 16]]);
    await model.dispose();
  });

  it.each([
    { do_normalize: false },
    { do_rescale: false },
    { rescale_factor: 1 },
    { image_mean: [0.48, 0.46, 0.41] },
    { resample: 3 },
    { max_num_patches: 0 },
  ])('is refused where the processor does something else: %o', (changes) => {
    const encoder = join(temporaryFolder(), 'siglip');
    writeImageEncoder(encoder);
    const file = join(encoder, 'preprocessor_config.json');
    writeJson(file, { max_num_patches: 24, resample: 2, ...changes });
    expect(() => compileImageEncoder(encoder, target)).toThrow(`${file}: expected "${Object.keys(changes)[0]}"`);
  });

  it('is refused where it is another model', () => {
    expect(() => compileImageEncoder(join(fixtures, 'checkpoints', 'tiny-turbo', 'text_encoder'), target)).toThrow(
      CheckpointError,
    );
  });
});
