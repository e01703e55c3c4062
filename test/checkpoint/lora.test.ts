import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError, contentHash } from '../../src/checkpoint/index.js';
import { checkLora, compileTransformer } from '../../src/compiler/index.js';
import { Loras, type LowRankInputs } from '../../src/engine/models/loras.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import type { NewTensor } from '../compiler/files.js';
import { farthest, fixtures } from '../compiler/run.js';
import { wave } from '../compiler/waves.js';
import { diffusers, type Factors, factorsOf, folderOf, kohya, layers, tensorsOf } from './lora-files.js';

const folder = join(fixtures, 'checkpoints', 'tiny-turbo', 'transformer');
const target = { target: 'cpu' } as const;
const device = { device: 'cpu', threads: 1 } as const;
const one = factorsOf(4);
const other = factorsOf(3, 5);

function fileOf(tensors: Readonly<Record<string, NewTensor>>, metadata?: Readonly<Record<string, string>>): string {
  return join(folderOf(tensors, metadata), 'adapter.safetensors');
}

/** LoRAs named a, b, … of these files. */
function lorasOf(...files: string[]): Loras {
  const entries = files.map((file, i) => ({ id: 'abc'[i]!, name: file, description: '', file }));
  return new Loras(entries, folder);
}

function open(): Promise<Transformer> {
  return Transformer.open(compileTransformer(folder, target), device, () =>
    compileTransformer(folder, { ...target, loras: true }),
  );
}

async function predict(model: Transformer, changes: LowRankInputs = {}): Promise<Float32Array> {
  const { data } = await model.promptPredictor([wave([5, 80])], changes).predict(wave([1, 16, 8, 8]), [0.3]);
  return data;
}

/** What the weights with these files' changes inside them give. */
async function merged(adapter: string): Promise<Float32Array> {
  const model = await Transformer.open(compileTransformer(folder, { ...target, adapter }), device);
  return predict(model);
}

describe('LoRAs', () => {
  it('give what weights with their changes inside give, and leave no trace', async () => {
    const model = await open();
    const before = await predict(model);
    const file = fileOf(tensorsOf(one, diffusers, 2));
    const changed = await predict(model, lorasOf(file).inputs([{ id: 'a', weight: 1 }]));
    expect(farthest(changed, await merged(join(file, '..')))).toBeLessThan(1e-5);
    expect(farthest(changed, before)).toBeGreaterThan(0.01);
    expect(await predict(model)).toEqual(before);
  });

  it('are nothing with weight 0, and count with weights below 0 and above 1', async () => {
    const model = await open();
    const before = await predict(model);
    const loras = lorasOf(fileOf(tensorsOf(one, diffusers)));
    expect(loras.inputs([{ id: 'a', weight: 0 }])).toEqual({});
    for (const weight of [-0.5, 2.5]) {
      const expected = await merged(folderOf(tensorsOf(one, diffusers, 4 * weight)));
      const changed = await predict(model, loras.inputs([{ id: 'a', weight }]));
      expect(farthest(changed, expected)).toBeLessThan(1e-5);
      expect(farthest(changed, before)).toBeGreaterThan(0.01);
    }
  });

  it('add up, in any order', async () => {
    const model = await open();
    const loras = lorasOf(fileOf(tensorsOf(one, diffusers)), fileOf(tensorsOf(other, kohya)));
    const [a, b] = [
      { id: 'a', weight: 0.7 },
      { id: 'b', weight: -0.4 },
    ];
    const expected = await merged(folderOf(tensorsOf(sum(one, 0.7, other, -0.4), diffusers)));
    expect(farthest(await predict(model, loras.inputs([a, b])), expected)).toBeLessThan(1e-5);
    expect(farthest(await predict(model, loras.inputs([b, a])), expected)).toBeLessThan(1e-5);
  });

  it('are the same in every naming', async () => {
    const model = await open();
    const comfy = {
      ...diffusers,
      layer: (name: string) => `diffusion_model.${name.replace('all_x_embedder.2-1', 'x_embedder')}`,
    };
    const peft = {
      ...diffusers,
      layer: (name: string) => `base_model.model.${name}`,
      down: 'lora_A.default',
      up: 'lora_B.default',
    };
    const expected = await predict(
      model,
      lorasOf(fileOf(tensorsOf(one, diffusers, 8))).inputs([{ id: 'a', weight: 1 }]),
    );
    const musubi = { ...kohya, layer: (name: string) => kohya.layer(name).replace('lora_unet_', 'lora_unet__') };
    const lycoris = { ...kohya, layer: (name: string) => kohya.layer(name).replace('lora_unet_', 'lycoris_') };
    const named = (prefix: string, adapter = '') => ({
      layer: (name: string) => `${prefix}${name}`,
      down: `lora_A${adapter}`,
      up: `lora_B${adapter}`,
    });
    const others = [
      named('pipe.dit.', '.default'),
      named('dit.'),
      named('pipe.transformer.'),
      named('base_model.model.transformer.', '.my-style_2'),
      named('transformer.', '.default_0'),
      named('model._orig_mod.'),
      named(''),
    ];
    for (const naming of [kohya, comfy, peft, musubi, lycoris, ...others]) {
      const inputs = lorasOf(fileOf(tensorsOf(one, naming, 8))).inputs([{ id: 'a', weight: 1 }]);
      expect(await predict(model, inputs)).toEqual(expected);
    }
  });

  it.each([
    ['an alpha for all', { 'transformer.lora_alpha': 2, 'transformer.r': 4 }, () => 2],
    ['names without a component', { lora_alpha: 8, r: 4 }, () => 8],
    ['its root (rsLoRA)', { lora_alpha: 2, r: 4, use_rslora: true }, () => 4],
    [
      'an alpha for some',
      { lora_alpha: 2, alpha_pattern: { 'attention.to_q': 6, '^layers.0.attention.to_k': 1 } },
      (layer: string) => (layer.endsWith('to_q') ? 6 : layer === 'layers.0.attention.to_k' ? 1 : 2),
    ],
  ])('count as PEFT’s configuration in the header says: %s', (_what, config, alphaOf) => {
    const metadata = { format: 'pt', lora_adapter_metadata: JSON.stringify(config) };
    const inputs = lorasOf(fileOf(tensorsOf(one, diffusers), metadata)).inputs([{ id: 'a', weight: 1 }]);
    for (const [layer, { b }] of Object.entries(one)) {
      const expected = b.map((value) => (value * alphaOf(layer)) / 4);
      expect(farthest(inputs[`${layer}.lora_B`]!.data, expected)).toBeLessThan(1e-6);
    }
  });

  it('are other LoRAs when that configuration is another', async () => {
    const content = (text?: string) =>
      contentHash([fileOf(tensorsOf(one, diffusers), text === undefined ? {} : { lora_adapter_metadata: text })]);
    const two = await content('{"lora_alpha": 2}');
    expect(await content('{"lora_alpha": 2}')).toBe(two);
    expect(await content('{"lora_alpha": 4}')).not.toBe(two);
    expect(await content()).not.toBe(two);
  });

  it('go by an alpha beside the factors before anything else', () => {
    const metadata = { lora_adapter_metadata: '{"lora_alpha": 40}' };
    const inputs = lorasOf(fileOf(tensorsOf(one, diffusers, 4), metadata)).inputs([{ id: 'a', weight: 1 }]);
    const layer = 'layers.0.attention.to_q';
    expect(inputs[`${layer}.lora_B`]!.data).toEqual(one[layer]!.b);
  });

  it('count as they are when their alpha is 0, which Kohya’s tools write for none', () => {
    const inputs = lorasOf(fileOf(tensorsOf(one, kohya, 0))).inputs([{ id: 'a', weight: 1 }]);
    const layer = 'layers.0.attention.to_q';
    expect(inputs[`${layer}.lora_B`]!.data).toEqual(one[layer]!.b);
  });

  it('of one layer alone change nothing else', async () => {
    const layer = 'layers.1.feed_forward.w2';
    const inputs = lorasOf(fileOf(tensorsOf({ [layer]: one[layer]! }, diffusers))).inputs([{ id: 'a', weight: 1 }]);
    expect(Object.keys(inputs)).toEqual([`${layer}.lora_A`, `${layer}.lora_B`]);
  });
});

describe('a LoRA that does not fit is refused', () => {
  const mismatch = { 'layers.0.attention.to_q.lora_A.weight': { type: 'F32' as const, shape: [4, 64] } };
  const partner = { 'layers.0.attention.to_q.lora_B.weight': { type: 'F32' as const, shape: [48, 4] } };

  it('before it is used, by headers alone', () => {
    const file = fileOf({ ...mismatch, ...partner });
    expect(() => checkLora(folder, file)).toThrow(CheckpointError);
    expect(() => checkLora(folder, file)).toThrow(file);
    expect(() => checkLora(folder, fileOf(tensorsOf(one, kohya)))).not.toThrow();
  });

  it('with its id, the tensor and both shapes, and without a path', () => {
    const file = fileOf({ ...mismatch, ...partner });
    const attempt = () => lorasOf(file).inputs([{ id: 'a', weight: 1 }]);
    for (const part of ['LoRA "a"', 'layers.0.attention.to_q.lora_A.weight', '[4, 48]', '[4, 64]'])
      expect(attempt).toThrow(part);
    expect(attempt).toThrow(expect.objectContaining({ name: 'LoraError', message: expect.not.stringContaining('/') }));
  });

  it.each([
    ['cut short', (file: string) => truncateSync(file, 20)],
    ['gone', (file: string) => rmSync(file)],
    ['of an alpha that is a code', null],
  ])('without a path when it is %s', (_what, spoil) => {
    const alpha = { 'layers.0.attention.to_q.alpha': { type: 'U8' as const, shape: [] } };
    const file = fileOf({ ...tensorsOf(one, diffusers), ...(spoil === null && { ...mismatch, ...partner, ...alpha }) });
    spoil?.(file);
    const attempt = () => checkLora(folder, file, 'The LoRA "a"');
    expect(attempt).toThrow(CheckpointError);
    expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining('/') }));
  });

  it.each([
    ['LoKr', 'lora_unet__layers_0_attention_to_q.lokr_w1'],
    ['LoHa', 'lora_unet__layers_0_attention_to_q.hada_w1_a'],
    ['DoRA', 'transformer.layers.0.attention.to_q.lora_magnitude_vector'],
    ['DoRA', 'lora_unet__layers_0_attention_to_q.dora_scale'],
    ['a whole difference', 'diffusion_model.layers.0.attention.to_q.diff'],
  ])('as %s by its name', (kind, tensor) => {
    const file = fileOf({ ...tensorsOf(one, kohya), [tensor]: { type: 'F32', shape: [48] } });
    expect(() => checkLora(folder, file)).toThrow(`"${tensor}", which is ${kind}`);
  });

  it('when its header is of no use', () => {
    for (const text of ['no JSON', '5', '{"lora_alpha": "much"}'])
      expect(() => checkLora(folder, fileOf(tensorsOf(one, diffusers), { lora_adapter_metadata: text }))).toThrow(
        CheckpointError,
      );
  });

  it('when its layer is none that a LoRA may change, or nobody lists it', () => {
    const norm = fileOf({ 'layers.0.attention_norm1.lora_A.weight': { type: 'F32', shape: [4, 48] } });
    expect(() => checkLora(folder, norm)).toThrow('no linear layer');
    expect(() => lorasOf(norm).inputs([{ id: 'nobody', weight: 1 }])).toThrow('(a) but received "nobody"');
  });
});

/** Factors of ranks side by side, with their weights in B. */
function sum(first: Factors, firstWeight: number, second: Factors, secondWeight: number): Factors {
  return Object.fromEntries(
    Object.entries(first).map(([name, { a, b }]) => {
      const [out, width] = layers[name as keyof typeof layers];
      const theirs = second[name]!;
      const [r, s] = [a.length / width, theirs.a.length / width];
      const joined = Float32Array.from({ length: out * (r + s) }, (_, i) => {
        const [row, column] = [Math.floor(i / (r + s)), i % (r + s)];
        return column < r ? firstWeight * b[row * r + column]! : secondWeight * theirs.b[row * s + column - r]!;
      });
      return [name, { a: Float32Array.from([...a, ...theirs.a]), b: joined }];
    }),
  );
}
