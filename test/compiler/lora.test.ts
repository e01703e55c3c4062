import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError, checkLora, compileTransformer } from '../../src/compiler/index.js';
import { Loras, type LowRankInputs } from '../../src/engine/loras.js';
import { openTransformer, type Transformer } from '../../src/engine/models/transformer.js';
import type { NewTensor } from './files.js';
import { diffusers, type Factors, factorsOf, folderOf, kohya, layers, tensorsOf } from './lora-files.js';
import { farthest, fixtures } from './run.js';
import { wave } from './waves.js';

const folder = join(fixtures, 'checkpoints', 'tiny-turbo', 'transformer');
const target = { target: 'cpu' } as const;
const device = { device: 'cpu', threads: 1 } as const;
const one = factorsOf(4);
const other = factorsOf(3, 5);

function fileOf(tensors: Readonly<Record<string, NewTensor>>): string {
  return join(folderOf(tensors), 'difference.safetensors');
}

/** LoRAs named a, b, … of these files. */
function lorasOf(...files: string[]): Loras {
  const entries = files.map((file, i) => ({ id: 'abc'[i]!, name: file, description: '', file }));
  return new Loras(entries, folder);
}

function open(): Promise<Transformer> {
  return openTransformer(compileTransformer(folder, target), device, () =>
    compileTransformer(folder, { ...target, loras: true }),
  );
}

async function predict(model: Transformer, changes: LowRankInputs = {}): Promise<Float32Array> {
  const { data } = await model.condition([wave([5, 80])], changes).predict(wave([1, 16, 8, 8]), [0.3]);
  return data;
}

/** What the weights with these files' changes inside them give. */
async function merged(difference: string): Promise<Float32Array> {
  const model = await openTransformer(compileTransformer(folder, { ...target, difference }), device);
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
    for (const naming of [kohya, comfy, peft]) {
      const inputs = lorasOf(fileOf(tensorsOf(one, naming, 8))).inputs([{ id: 'a', weight: 1 }]);
      expect(await predict(model, inputs)).toEqual(expected);
    }
  });

  it('of one layer alone change nothing else', async () => {
    const layer = 'layers.1.feed_forward.w2';
    const inputs = lorasOf(fileOf(tensorsOf({ [layer]: one[layer]! }, diffusers))).inputs([{ id: 'a', weight: 1 }]);
    expect(Object.keys(inputs)).toEqual([`${layer}.lora_A`, `${layer}.lora_B`]);
  });
});

describe('a LoRA that does not fit is refused', () => {
  const misfit = { 'layers.0.attention.to_q.lora_A.weight': { type: 'F32' as const, shape: [4, 64] } };
  const partner = { 'layers.0.attention.to_q.lora_B.weight': { type: 'F32' as const, shape: [48, 4] } };

  it('before it is used, by headers alone', () => {
    const file = fileOf({ ...misfit, ...partner });
    expect(() => checkLora(folder, file)).toThrow(CheckpointError);
    expect(() => checkLora(folder, file)).toThrow(file);
    expect(() => checkLora(folder, fileOf(tensorsOf(one, kohya)))).not.toThrow();
  });

  it('with its id, the tensor and both shapes, and without a path', () => {
    const file = fileOf({ ...misfit, ...partner });
    const attempt = () => lorasOf(file).inputs([{ id: 'a', weight: 1 }]);
    for (const part of ['LoRA "a"', 'layers.0.attention.to_q.lora_A.weight', '[4, 48]', '[4, 64]'])
      expect(attempt).toThrow(part);
    expect(attempt).toThrow(expect.objectContaining({ name: 'LoraError', message: expect.not.stringContaining('/') }));
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
