import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { diffusers, factorsOf, tensorsOf } from '../checkpoint/lora-files.js';
import { writeTensors } from '../compiler/files.js';
import { detector } from '../engine/face-detector.js';
import type { Program } from '../program.js';
import { type Answer, catalogOf, draw, newFolder, serving, tinyCopy } from './catalogs.js';

const weights = 'diffusion_pytorch_model.safetensors';

/** Other numbers in the middle of a tensor, in the same file, of the same size and time. */
function rewrite(file: string, tensor: string): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const [begin, end] = header[tensor].data_offsets as [number, number];
  const descriptor = openSync(file, 'r+');
  const middle = 8 + length + begin + 4 * Math.floor((end - begin) / 8);
  writeSync(descriptor, Buffer.from(Float32Array.of(40).buffer), 0, 4, middle);
  closeSync(descriptor);
  utimesSync(file, atime, mtime);
}

function edit(file: string, change: (fields: Record<string, unknown>) => object): void {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
}

function imageOf({ status, images, ...rest }: Answer) {
  expect({ status, rest }).toMatchObject({ status: 'SUCCEEDED' });
  return images![0]!;
}

/** Refines what a face detector finds. */
async function refine({ url }: Program, image: Buffer) {
  const query = `mutation ($i: RefineInput!) { refine(input: $i, waitMs: 60000) {
    ... on Generation { status cache regions { x y width height } images { sha256 fingerprint } problem { message } }
    ... on Problem { message }
  } }`;
  const form = new FormData();
  const input = { prompt: 'a face', seed: 3, image: { upload: null } };
  form.set('operations', JSON.stringify({ query, variables: { i: input } }));
  form.set('map', '{ "0": ["variables.i.image.upload"] }');
  form.set('0', new Blob([new Uint8Array(image)]), 'red.png');
  const headers = { 'x-graphql-yoga-csrf': '1' };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: form });
  const { data } = (await response.json()) as { data: { refine: Answer & { regions: readonly { x: number }[] } } };
  return data.refine;
}

/** Draws before and after a change, and after it is taken back. */
async function around(program: Program, change: () => void, undo: () => void) {
  const before = imageOf(await draw(program));
  change();
  const after = imageOf(await draw(program));
  undo();
  const back = await draw(program);
  return { before, after, back };
}

describe('a file of a model that is replaced under the running server', () => {
  it.each<[string, string, (file: string) => void]>([
    ['weights of the transformer', `transformer/${weights}`, (file) => rewrite(file, 'layers.0.attention.to_q.weight')],
    ['weights of the decoder', `vae/${weights}`, (file) => rewrite(file, 'decoder.conv_in.weight')],
    [
      'weights of the text encoder',
      'text_encoder/model.safetensors',
      (file) => rewrite(file, 'model.layers.0.mlp.up_proj.weight'),
    ],
    ['the schedule', 'scheduler/scheduler_config.json', (file) => edit(file, (fields) => ({ ...fields, shift: 4 }))],
    [
      'the tokenizer',
      'tokenizer/tokenizer.json',
      (file) => edit(file, (fields) => ({ ...fields, normalizer: { type: 'Lowercase' }, pre_tokenizer: null })),
    ],
  ])('draws another image under another name, and the first again when it is back: %s', async (_what, name, change) => {
    const checkpoint = tinyCopy();
    const file = join(checkpoint, name);
    const kept = join(newFolder(), 'kept');
    copyFileSync(file, kept);
    const program = await serving(catalogOf({ id: 'tiny', checkpoint }));
    const { before, after, back } = await around(
      program,
      () => change(file),
      () => copyFileSync(kept, file),
    );
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.sha256).not.toBe(before.sha256);
    expect(back).toMatchObject({ cache: 'HIT', images: [before] });
    expect(imageOf(await draw(program, { cache: 'REFRESH' }))).toEqual(before);
  });
});

describe('an adapter of a model that is replaced under the running server', () => {
  it('is another model, and the first again when it is back', async () => {
    const files = [0, 5].map((phase) => {
      const file = join(newFolder(), 'adapter.safetensors');
      writeTensors(file, tensorsOf(factorsOf(4, phase), diffusers));
      return file;
    });
    const adapter = newFolder();
    const put = (file: string) => copyFileSync(file, join(adapter, 'adapter_model.safetensors'));
    put(files[0]!);
    const program = await serving(catalogOf({ id: 'tiny', checkpoint: tinyCopy(), adapter }));
    const { before, after, back } = await around(
      program,
      () => put(files[1]!),
      () => put(files[0]!),
    );
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.sha256).not.toBe(before.sha256);
    expect(back).toMatchObject({ cache: 'HIT', images: [before] });
  });
});

describe('a face detector that is replaced under the running server', () => {
  it('finds other regions, which are not those that are remembered', async () => {
    const [left, right] = [detector(), detector({ face: [0.5, 0.25, 0.75, 0.625] })];
    const file = join(newFolder(), 'faces.onnx');
    copyFileSync(left, file);
    const program = await serving(catalogOf({ id: 'tiny', checkpoint: tinyCopy() }), { FACE_DETECTOR: file });
    const red = await sharp({ create: { width: 96, height: 64, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const before = await refine(program, red);
    copyFileSync(right, file);
    const after = await refine(program, red);
    copyFileSync(left, file);
    const back = await refine(program, red);
    expect(before).toMatchObject({ status: 'SUCCEEDED', regions: [{ x: 21 }] });
    expect(after).toMatchObject({ status: 'SUCCEEDED', regions: [{ x: 45 }] });
    expect(after.images).not.toEqual(before.images);
    expect(back).toEqual({ ...before, cache: 'HIT' });
  });
});

describe('a LoRA’s file that is replaced under the running server', () => {
  it('is another LoRA, also while images of the first are drawn', async () => {
    const files = [join(newFolder(), 'a'), join(newFolder(), 'b')] as const;
    for (const [i, file] of files.entries()) writeTensors(file, tensorsOf(factorsOf(4, 3 * i), diffusers));
    const lora = join(newFolder(), 'lora.safetensors');
    copyFileSync(files[0], lora);
    const program = await serving(catalogOf({ id: 'tiny', checkpoint: tinyCopy(), loras: { ink: lora } }));
    const ask = (more: object = {}) => draw(program, { loras: [{ id: 'ink', weight: 1 }], ...more });
    const first = imageOf(await ask());
    copyFileSync(files[1], lora);
    const second = imageOf(await ask());
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(second.sha256).not.toBe(first.sha256);

    // Asked for with one file and begun with another: refused, and never remembered under the first one's name.
    const asked = Array.from({ length: 6 }, (_, i) => ask({ seed: 100 + i, steps: 20 }));
    const replacing = setInterval(() => copyFileSync(files[Math.round(Math.random()) as 0 | 1], lora), 3);
    const answers = await Promise.all(asked);
    clearInterval(replacing);
    for (const { status, problem, retryable } of answers)
      if (status !== 'SUCCEEDED') expect(problem?.retryable ?? retryable).toBe(true);
    copyFileSync(files[0], lora);
    for (const [i] of answers.entries()) {
      const one = await ask({ seed: 100 + i, steps: 20 });
      const anew = await ask({ seed: 100 + i, steps: 20, cache: 'REFRESH' });
      expect(imageOf(one)).toEqual(imageOf(anew));
    }
  });
});
