import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BlockFormat, blockShapes, quantiseBlocks } from '../../src/checkpoint/formats/blocks.js';
import { readHeader, type StoredTensor } from '../../src/checkpoint/formats/safetensors.js';
import { readBytes, readValues } from '../../src/checkpoint/formats/values.js';
import { CheckpointError, quantiseComponent } from '../../src/checkpoint/index.js';
import { checkLora, compileTextEncoder, compileTransformer } from '../../src/compiler/index.js';
import { Loras } from '../../src/engine/models/loras.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { bytesOf, type NewTensor, temporaryFolder, writeJson, writeTensors } from '../compiler/files.js';
import { farthest, fixtures, run, text } from '../compiler/run.js';
import { wave } from '../compiler/waves.js';
import { bfloat16, float8, int8, pair, plain, type Storage } from './checkpoints.js';
import { inFloat8 } from './float8.js';
import { added, diffusers, factorsOf, folderOf, layers, tensorsOf } from './lora-files.js';

const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');
const transformer = join(tiny, 'transformer');
const weights = 'diffusion_pytorch_model.safetensors';
const target = { target: 'cpu' } as const;
const eight: BlockFormat = { bits: 8, block: 32 };
const four: BlockFormat = { bits: 4, block: 64 };

function quantised(from: string, format: BlockFormat, adapter: string | null = null): string {
  const to = join(temporaryFolder(), from.split('/').at(-1)!);
  for (const _ of quantiseComponent(from, to, { ...format, adapter }));
  return to;
}

const tensorsIn = (folder: string) =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.safetensors'))
      .flatMap((name) => readHeader(join(folder, name)))
      .map((tensor) => [tensor.name, tensor]),
  );

/** What the codes of a matrix [rows, width] stand for, by the operator's own description. */
function restored(
  codes: Uint8Array,
  scales: Float32Array,
  zeros: Uint8Array,
  [rows, width]: readonly [number, number],
  { bits, block }: BlockFormat,
): Float32Array {
  const blocks = Math.ceil(width / block);
  const at = (bytes: Uint8Array, start: number, i: number) =>
    bits === 8 ? bytes[start + i]! : (bytes[start + (i >> 1)]! >> (4 * (i & 1))) & 15;
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const b = Math.floor(column / block);
    const code = at(codes, (row * blocks * block * bits) / 8, column);
    const zero = at(zeros, row * Math.ceil((blocks * bits) / 8), b);
    return (code - zero) * scales[row * blocks + b]!;
  });
}

/** A copy of a quantised folder in which floats say what the codes stand for. */
function spelledOut(folder: string, format: BlockFormat, like: string): string {
  const stored = tensorsIn(folder);
  const shapes = tensorsIn(like);
  const written: Record<string, NewTensor> = {};
  for (const [name, tensor] of stored) {
    if (/_(scale|zero_point)$/.test(name)) continue;
    const shape = shapes.get(name)!.shape;
    const values =
      tensor.type === 'U8'
        ? restored(
            readBytes(tensor),
            readValues(stored.get(`${name}_scale`)!),
            readBytes(stored.get(`${name}_zero_point`)!),
            shape as [number, number],
            format,
          )
        : readValues(tensor);
    written[name] = { type: 'F32', shape, data: bytesOf(values) };
  }
  const copy = join(temporaryFolder(), 'spelled-out');
  const { quantization_config: _, ...config } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  writeJson(join(copy, 'config.json'), config);
  writeTensors(join(copy, weights), written);
  return copy;
}

async function predict(folder: string, lora: string | null = null): Promise<Float32Array> {
  const model = await Transformer.open(compileTransformer(folder, { ...target, loras: lora !== null }), {
    device: 'cpu',
    threads: 1,
  });
  const entries = lora === null ? [] : [{ id: 'a', name: 'a', description: '', file: lora }];
  const changes = new Loras(entries, folder).inputs(entries.map(({ id }) => ({ id, weight: 1 })));
  const { data } = await model.promptPredictor([wave([5, 80])], changes).predict(wave([1, 16, 8, 8]), [0.3]);
  await model.dispose();
  return data;
}

describe('values in blocks', () => {
  it.each([
    [eight, 100],
    [four, 100],
    [{ bits: 4, block: 32 } as const, 96],
    [{ bits: 8, block: 128 } as const, 48],
  ])('of %o and a width of %i are as near as half a step', (format, width) => {
    const values = Float32Array.from({ length: 6 * width }, (_, i) => Math.sin(i * 1.7) * (1 + (i % 11)) + (i % 3));
    const { codes, scales, zeroPoints } = quantiseBlocks(values, width, format);
    const shapes = blockShapes([6, width], format);
    expect([codes.length, scales.length, zeroPoints.length]).toEqual(
      Object.values(shapes).map((shape) => shape.reduce((product, side) => product * side, 1)),
    );
    const again = restored(codes, scales, zeroPoints, [6, width], format);
    const blocks = shapes.scales[1]!;
    for (const [i, value] of values.entries()) {
      const step = scales[Math.floor(i / width) * blocks + Math.floor((i % width) / format.block)]!;
      // A zero point is rounded too, so an end of the range may be half a step outside.
      expect(Math.abs(value - again[i]!)).toBeLessThanOrEqual(1.001 * step);
    }
  });

  it('keep 0 as 0, also where there is nothing else', () => {
    const values = new Float32Array(64);
    values.set([5, 0, 3, 0, 7], 32);
    const { codes, scales, zeroPoints } = quantiseBlocks(values, 64, eight);
    const again = restored(codes, scales, zeroPoints, [1, 64], eight);
    expect(again.filter((value) => value !== 0)).toHaveLength(3);
  });
});

describe('a quantised component', () => {
  it.each([eight, { bits: 8, block: 128 } as const, { bits: 4, block: 32 } as const, four])(
    'computes what its codes stand for: transformer, %o',
    async (format) => {
      const folder = quantised(transformer, format);
      const spelled = spelledOut(folder, format, transformer);
      const [stored, floats] = [await predict(folder), await predict(spelled)];
      expect(farthest(stored, floats)).toBeLessThan(1e-4);
      expect(farthest(stored, await predict(transformer))).toBeGreaterThan(1e-4);
    },
  );

  it.each([eight, four])('computes what its codes stand for: text encoder, %o', async (format) => {
    const source = join(tiny, 'text_encoder');
    const folder = quantised(source, format);
    const spelled = spelledOut(folder, format, source);
    const encode = async (from: string) => (await run(compileTextEncoder(from, target), text)).embeds!.data;
    expect(farthest(await encode(folder), await encode(spelled))).toBeLessThan(1e-4);
  });

  it('keeps embeddings, norms and what is outside the blocks as they were', () => {
    const [before, after] = [
      tensorsIn(join(tiny, 'text_encoder')),
      tensorsIn(quantised(join(tiny, 'text_encoder'), eight)),
    ];
    for (const [name, tensor] of before) {
      if (tensor.shape.length === 2 && /layers\.\d/.test(name)) expect(after.get(name)!.type).toBe('U8');
      else expect(readBytes(after.get(name)!)).toEqual(readBytes(tensor));
    }
  });

  const ways: [string, Storage][] = [
    ['bfloat16', bfloat16],
    ['8-bit numbers', int8((out) => [out, 1])],
    ['8-bit floats', float8()],
    ['8-bit floats in blocks', inFloat8({ type: 'F8_E5M2', scales: { suffix: '_scale_inv', block: [32, 32] } })],
    ['8-bit floats with one scale', float8('one')],
  ];
  it.each(ways)('comes from %s as from the floats that they stand for', async (_name, storage) => {
    const { stored, asFloats } = pair('transformer', weights, storage);
    const [a, b] = [tensorsIn(quantised(stored, eight)), tensorsIn(quantised(asFloats, eight))];
    const codes = (all: Map<string, StoredTensor>) =>
      [...all.values()].filter(({ type }) => type === 'U8').map((tensor) => [tensor.name, readBytes(tensor)]);
    expect(Object.fromEntries(codes(a))).toEqual(Object.fromEntries(codes(b)));
  });

  it('has the adapter inside that it was made with', async () => {
    const factors = factorsOf(4);
    const { asFloats } = pair('transformer', weights, (name, shape, values) => {
      const layer = name.replace(/\.weight$/, '') as keyof typeof layers;
      return plain(name, shape, layer in layers ? added(values, factors[layer]!, layers[layer][1], 1) : values);
    });
    const together = await predict(quantised(transformer, eight, folderOf(tensorsOf(factors, diffusers))));
    // The sums are rounded once here and twice there, which may move a code by one.
    expect(farthest(together, await predict(quantised(asFloats, eight)))).toBeLessThan(0.01);
    expect(farthest(together, await predict(quantised(transformer, eight)))).toBeGreaterThan(0.05);
  });

  it('takes LoRAs', async () => {
    const folder = quantised(transformer, eight);
    const lora = join(folderOf(tensorsOf(factorsOf(4), diffusers)), 'adapter.safetensors');
    expect(() => checkLora(folder, lora)).not.toThrow();
    const spelled = spelledOut(folder, eight, transformer);
    const changed = await predict(folder, lora);
    expect(farthest(changed, await predict(spelled, lora))).toBeLessThan(1e-4);
    expect(farthest(changed, await predict(folder))).toBeGreaterThan(0.01);
  });

  it.each(['cpu', 'cuda', 'webgpu', 'webgpu-float32'] as const)(
    'stay in blocks on %s, with LoRAs as without',
    (device) => {
      const [eights, fours] = [quantised(transformer, eight), quantised(transformer, { ...eight, bits: 4 })];
      const step = (folder: string, loras = false) => compileTransformer(folder, { target: device, loras }).step;
      for (const folder of [eights, fours])
        for (const loras of [false, true]) expect(step(folder, loras).kernels).toContain('MatMulNBits');
      expect(step(transformer).kernels).not.toContain('MatMulNBits');
      // None is made wide when the graph is loaded.
      expect(step(fours).memory.loaded).toBeLessThan(step(eights).memory.loaded);
      const floats = compileTransformer(transformer, { target: 'cpu' }).step.memory.loaded;
      expect(step(eights).memory.loaded).toBeLessThan(0.9 * floats);
    },
  );
});

describe('quantised weights are refused', () => {
  const folder = () => quantised(transformer, eight);

  it('as the base of an adapter, and to be quantised again', () => {
    const adapter = folderOf(tensorsOf(factorsOf(4), diffusers));
    const base = folder();
    expect(() => compileTransformer(base, { ...target, adapter })).toThrow(CheckpointError);
    expect(() => compileTransformer(base, { ...target, adapter })).toThrow('block-quantised');
    expect(() => quantised(base, eight)).toThrow('block-quantised already');
  });

  it('when their configuration says otherwise', () => {
    const base = folder();
    const file = join(base, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8'));
    writeJson(file, { ...config, quantization_config: { ...config.quantization_config, block_size: 64 } });
    expect(() => compileTransformer(base, target)).toThrow(
      /expected ".*weight" to be \[\d+, 1, 64\] but it is \[\d+, 2, 32\]/,
    );
    writeJson(file, { ...config, quantization_config: { ...config.quantization_config, bits: 5 } });
    expect(() => compileTransformer(base, target)).toThrow('expected "bits" to be 8 or 4 but it is 5');
    writeJson(file, { ...config, quantization_config: { quant_method: 'gptq' } });
    expect(() => compileTransformer(base, target)).toThrow('"quant_method"');
  });
});
