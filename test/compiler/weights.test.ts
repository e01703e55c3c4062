import { describe, expect, it } from 'vitest';
import { compileTextEncoder, compileTransformer, compileVaeDecoder } from '../../src/compiler/index.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { bfloat16, float8, int8, pair, type Storage } from '../checkpoint/checkpoints.js';
import { inFloat8 } from '../checkpoint/float8.js';
import { farthest, run, text } from './run.js';
import { wave } from './waves.js';

/** Blocks of a whole matrix, and of one row. */
const [whole, rows] = [
  [2 ** 20, 2 ** 20],
  [1, 2 ** 20],
] as const;
const target = { target: 'cpu' } as const;

describe('weights', () => {
  const ways: [string, Storage][] = [
    ['bfloat16', bfloat16],
    ['8-bit numbers with a list of scales', int8((out) => [out])],
    ['8-bit numbers with a column of scales', int8((out, rank) => [out, ...Array(rank - 1).fill(1)])],
    ['8-bit floats with a list of scales', float8()],
    ['8-bit floats with one scale', float8('one')],
    ['8-bit floats with one scale that ComfyUI named', float8('one of ComfyUI')],
    ['8-bit floats without a scale', float8('none')],
    ['8-bit numbers with one scale', int8(() => [])],
    ['e5m2 floats without a scale', inFloat8({ type: 'F8_E5M2' })],
    ['e5m2 floats with one scale', inFloat8({ type: 'F8_E5M2', scales: { suffix: '_scale', block: whole } })],
    ['e5m2 floats with a column of scales', inFloat8({ type: 'F8_E5M2', scales: { suffix: '_scale', block: rows } })],
    [
      'e4m3 floats with scales of 16 columns',
      inFloat8({ type: 'F8_E4M3', scales: { suffix: '_scale', block: [1, 16] } }),
    ],
    [
      'e5m2 floats with scales of 16 by 16',
      inFloat8({ type: 'F8_E5M2', scales: { suffix: '_scale_inv', block: [16, 16] } }),
    ],
    [
      'e4m3 floats with scales of 32 by 32, which end outside the matrix',
      inFloat8({ type: 'F8_E4M3', scales: { suffix: '_scale_inv', block: [32, 32] } }),
    ],
  ];

  it.each(ways)('of %s are what they stand for, in the text encoder', async (_name, storage) => {
    const { stored, asFloats } = pair('text_encoder', 'model.safetensors', storage);
    const [a, b] = [
      await run(compileTextEncoder(stored, target), text),
      await run(compileTextEncoder(asFloats, target), text),
    ];
    expect(farthest(a.embeds!.data, b.embeds!.data)).toBeLessThan(1e-5);
  });

  it.each(ways)('of %s are what they stand for, in the transformer', async (_name, storage) => {
    const { stored, asFloats } = pair('transformer', 'diffusion_pytorch_model.safetensors', storage);
    const [a, b] = [await predict(stored), await predict(asFloats)];
    expect(farthest(a, b)).toBeLessThan(1e-5);
  });

  it.each(ways)('of %s are what they stand for, in the decoder', async (_name, storage) => {
    const { stored, asFloats } = pair('vae', 'diffusion_pytorch_model.safetensors', storage);
    const latents = wave([1, 16, 4, 4]);
    const decode = async (folder: string) => (await run(compileVaeDecoder(folder, target), { latents })).decoded!.data;
    expect(farthest(await decode(stored), await decode(asFloats))).toBeLessThan(1e-5);
  });
});

async function predict(folder: string): Promise<Float32Array> {
  const model = await Transformer.open(compileTransformer(folder, target), { device: 'cpu', threads: 1 });
  const { data } = await model.promptPredictor([wave([5, 80])]).predict(wave([1, 16, 8, 8]), [0.3]);
  await model.dispose();
  return data;
}
