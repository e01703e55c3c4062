import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/engine/engine.js';
import { diffusers, factorsOf, tensorsOf } from '../checkpoint/lora-files.js';
import { type NewTensor, writeTensors } from '../compiler/files.js';
import { temporaryFolder } from '../engine/checkpoints.js';
import { differing, leftHalf, upload, waves } from '../generation/images.js';
import { house, openServer, operation, type TestServer } from './server.js';

function lora(id: string, tensors: Readonly<Record<string, NewTensor>>) {
  const file = join(temporaryFolder(), `${id}.safetensors`);
  writeTensors(file, tensors);
  return { id, name: `The ${id}`, description: `Like ${id}.`, file };
}
const tensors = tensorsOf(factorsOf(4), diffusers);
const [first] = Object.keys(tensors);
/** One of its factors is made for a wider model. */
const foreign = { ...tensors, [first!]: { ...tensors[first!]!, shape: [2, 96] } };

let server: TestServer;
beforeAll(async () => {
  server = await openServer({
    model: {
      editModes: ['INPAINT', 'STRENGTH', 'INSTRUCTION'],
      limits: { minSide: 64, maxSide: 512, maxPixels: 128 * 128, maxPromptTokens: 512, maxReferences: 1 },
      loras: [lora('ink', tensors), lora('foreign', foreign)],
    },
  });
});
afterAll(() => server.close());

interface Edited {
  readonly edit: {
    readonly __typename: string;
    readonly id: string;
    readonly images: { readonly id: string; readonly url: string; readonly width: number; readonly height: number }[];
    readonly field?: string;
    readonly message?: string;
  };
}

const edit = async (input: Record<string, unknown>, files: Record<string, Blob> = {}) =>
  (await server.send<Edited>(operation('edit'), { input: { ...house, ...input } }, files)).edit;
const asked = async (input: Record<string, unknown>) =>
  (await server.ask<Edited>(operation('edit'), { input: { ...house, ...input } })).edit;

async function drawn(): Promise<{ id: string; url: string }> {
  const query =
    'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ...on Generation { images { id url(format: PNG) } } } }';
  return (await server.ask<{ generate: Edited['edit'] }>(query, { i: house })).generate.images[0]!;
}

async function fetched(url: string): Promise<Pixels> {
  const response = await server.fetch(new Request(url, { headers: { accept: 'image/png' } }));
  const { data, info } = await sharp(Buffer.from(await response.arrayBuffer()))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}
const png = (address: string) => `${address.replace(/\?.*/, '')}.png`;

describe('edit', () => {
  it('repaints under a mask, and every other pixel comes back as it was', async () => {
    const photo = waves(88, 72);
    const files = {
      'variables.input.image.upload': (await upload(photo)).upload,
      'variables.input.mask.upload': (await upload(leftHalf(88, 72))).upload,
    };
    const input = { image: { upload: null }, mask: { upload: null } };
    const made = await edit(input, files);
    expect(made).toMatchObject({
      ...{ __typename: 'Generation', status: 'SUCCEEDED', cache: 'MISS', editMode: 'INPAINT', strength: 1 },
      ...{ step: 4, totalSteps: 4, source: null },
    });
    const image = await fetched(png(made.images[0]!.url));
    expect(differing(image, photo, (x) => x >= 44)).toBe(0);
    expect(differing(image, photo, (x) => x < 44)).toBeGreaterThan(1000);
    expect(await edit(input, files)).toMatchObject({ cache: 'HIT', images: made.images });
  });

  it('starts from an image that was made here as strongly as is asked, and knows it again when it is sent', async () => {
    const { id, url } = await drawn();
    const first = await asked({ image: { id }, strength: 0.5 });
    expect(first).toMatchObject({ status: 'SUCCEEDED', editMode: 'STRENGTH', strength: 0.5, totalSteps: 2 });
    expect(first).toMatchObject({ source: { id }, images: [{ width: 64, height: 64 }] });
    const response = await server.fetch(new Request(url));
    const sent = { 'variables.input.image.upload': await response.blob() };
    expect(await edit({ image: { upload: null }, strength: 0.5 }, sent)).toMatchObject({
      ...{ cache: 'HIT', images: first.images, source: null },
    });
  });

  it('follows words alone, with another image to speak of', async () => {
    const { id } = await drawn();
    const files = { 'variables.input.references.0.upload': (await upload(waves(300, 200))).upload };
    const alone = await asked({ image: { id } });
    const both = await edit({ image: { id }, references: [{ upload: null }] }, files);
    for (const made of [alone, both])
      expect(made).toMatchObject({ status: 'SUCCEEDED', editMode: 'INSTRUCTION', strength: null, totalSteps: 4 });
    expect(both.images[0]!.id).not.toBe(alone.images[0]!.id);
  });

  it('adds the LoRAs that are asked for, and leaves nothing of them behind', async () => {
    const { models } = await server.ask<{ models: { loras: unknown[] }[] }>(operation('loras'));
    expect(models[0]!.loras).toContainEqual(
      expect.objectContaining({ key: 'ink', name: 'The ink', description: 'Like ink.' }),
    );
    const { id } = await drawn();
    const input = { image: { id }, strength: 0.75 };
    const plain = await asked(input);
    const inked = await asked({ ...input, loras: [{ id: 'ink' }] });
    expect(inked).toMatchObject({ status: 'SUCCEEDED', loras: [{ key: 'ink', weight: 1 }] });
    const [a, b] = [await fetched(png(plain.images[0]!.url)), await fetched(png(inked.images[0]!.url))];
    expect(differing(a, b)).toBeGreaterThan(100);
    expect(await asked({ ...input, cache: 'REFRESH' })).toMatchObject({ cache: 'MISS', images: plain.images });
  });

  it('a LoRA has an id of its own, which requests and `node` take, and which is no other model’s', async () => {
    const { models } = await server.ask<{ models: { loras: { id: string; key: string }[] }[] }>(operation('loras'));
    const { id: lora } = models[0]!.loras.find(({ key }) => key === 'ink')!;
    const { node } = await server.ask<{ node: unknown }>(operation('node'), { id: lora });
    expect(node).toMatchObject({ __typename: 'Lora', id: lora });
    const { id } = await drawn();
    const input = { image: { id }, strength: 0.75 };
    expect(await asked({ ...input, loras: [{ id: lora }] })).toMatchObject({ loras: [{ key: 'ink' }] });
    const others = Buffer.from('Lora:another/ink').toString('base64');
    expect(await asked({ ...input, loras: [{ id: others }] })).toMatchObject({ field: 'loras.0.id' });
  });

  it('can be watched and asked for like any other generation', async () => {
    const { id } = await drawn();
    const made = await asked({ image: { id }, strength: 0.5 });
    const { generation } = await server.ask<{ generation: unknown }>(operation('generation'), { id: made.id });
    expect(generation).toMatchObject({ operation: 'EDIT', status: 'SUCCEEDED', steps: 4, step: 2 });
  });
});

describe('edit refuses, by the name of the field,', () => {
  it.each([
    ['an image given twice', { image: { id: 'a', url: 'http://a.test/b.png' } }, 'ImageInput'],
    ['an image not given', { image: {} }, 'ImageInput'],
    ['an upload that is no file', { image: { upload: 'a file' } }, 'Upload'],
  ])('%s, as the schema does', async (_, input, type) => {
    await expect(asked({ strength: 0.5, ...input })).rejects.toThrow(type);
  });

  it.each([
    ['a strength beyond 1', { strength: 2 }, 'strength'],
    ['a LoRA that the model does not list', { strength: 0.5, loras: [{ id: 'oil' }] }, 'loras.0.id'],
    ['a LoRA that does not fit the model', { strength: 0.5, loras: [{ id: 'foreign' }] }, 'loras.0.id'],
    ['guidance that the model has not', { strength: 0.5, guidance: 3 }, 'guidance'],
    ['more images than the model takes', { references: [{ id: 'a' }, { id: 'b' }] }, 'references'],
    ['an address on this machine', { strength: 0.5, image: { url: 'http://127.0.0.1/a.png' } }, 'image.url'],
  ])('%s', async (_, input, field) => {
    const { id } = await drawn();
    const refused = await asked({ image: { id }, ...input });
    expect(refused).toMatchObject({ __typename: 'InvalidInput', field });
    expect(refused.message).not.toContain('/tmp');
  });

  it('a file that is no image, and an image too large to be repainted', async () => {
    const mask = (await upload(leftHalf(300, 200))).upload;
    const input = { image: { upload: null }, mask: { upload: null } };
    const send = (image: Blob) =>
      edit(input, { 'variables.input.image.upload': image, 'variables.input.mask.upload': mask });
    expect(await send(new Blob(['no image']))).toMatchObject({ __typename: 'InvalidInput', field: 'image.upload' });
    expect(await send((await upload(waves(300, 200))).upload)).toMatchObject({
      ...{ __typename: 'InvalidInput', field: 'image' },
      message: 'Expected `image` to be at most 16384 pixels in all but received 300 × 200.',
    });
  });

  it('an image that never was', async () => {
    expect(await asked({ image: { id: '0'.repeat(64) }, strength: 0.5 })).toMatchObject({ __typename: 'NotFound' });
  });
});
