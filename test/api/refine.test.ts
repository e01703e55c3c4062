import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/engine/engine.js';
import { differing, image, leftHalf, upload, waves } from '../generation/images.js';
import { openServer, operation, type TestServer } from './server.js';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

interface Refined {
  readonly refine: {
    readonly __typename: string;
    readonly id: string;
    readonly regions: { x: number; y: number; width: number; height: number }[];
    readonly images: { readonly id: string; readonly url: string }[];
  };
}

async function refine(pixels: Pixels, input: Record<string, unknown> = {}, mask: Pixels | null = null) {
  const files = {
    'variables.input.image.upload': (await upload(pixels)).upload,
    ...(mask === null ? {} : { 'variables.input.mask.upload': (await upload(mask)).upload }),
  };
  const variables = {
    input: { seed: 7, image: { upload: null }, ...input, ...(mask === null ? {} : { mask: { upload: null } }) },
  };
  return (await server.send<Refined>(operation('refine'), variables, files)).refine;
}

async function fetched({ images }: Refined['refine']): Promise<Pixels> {
  const response = await server.fetch(new Request(`${images[0]!.url}.png`));
  const { data, info } = await sharp(Buffer.from(await response.arrayBuffer()))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

const flat = waves(128, 96);
/** Fine texture in the middle, nothing anywhere else. */
const textured = image(192, 160, (x, y) => {
  const inside = x >= 72 && x < 120 && y >= 56 && y < 104;
  return inside && (x * 7 + y * 13) % 5 < 2 ? [240, 240, 240] : [60, 60, 60];
});

describe('refine', () => {
  it('finds where an image needs it, and leaves every other pixel as it was', async () => {
    const made = await refine(textured);
    expect(made).toMatchObject({
      ...{ __typename: 'Generation', status: 'SUCCEEDED', cache: 'MISS', strength: 0.35, step: 4, totalSteps: 4 },
    });
    expect(made.regions.length).toBeGreaterThan(0);
    const within = (px: number, py: number) =>
      made.regions.some(({ x, y, width, height }) => px >= x && px < x + width && py >= y && py < y + height);
    expect(within(96, 80)).toBe(true);
    const result = await fetched(made);
    expect(differing(result, textured, (x, y) => !within(x, y))).toBe(0);
    expect(differing(result, textured)).toBeGreaterThan(0);
    expect(await refine(textured)).toMatchObject({ cache: 'HIT', regions: made.regions, images: made.images });
  });

  it('returns an image that needs nothing as it came', async () => {
    const made = await refine(flat);
    expect(made).toMatchObject({ status: 'SUCCEEDED', regions: [] });
    expect(differing(await fetched(made), flat)).toBe(0);
  });

  it('begins with the strength and the steps that its model says', async () => {
    const query = '{ models { operations strength: defaultRefineStrength totalSteps: defaultRefineSteps } }';
    const { models } = await server.ask<{ models: { operations: string[] }[] }>(query);
    const { operations: _, ...defaults } = models.find(({ operations }) => operations.includes('REFINE'))!;
    expect(await refine(textured)).toMatchObject(defaults);
  });

  it('goes where regions or a mask say', async () => {
    const region = { x: 10, y: 20, width: 40, height: 30 };
    const boxed = await refine(flat, { regions: [region], prompt: 'a wave', steps: 2, strength: 0.8 });
    expect(boxed).toMatchObject({ status: 'SUCCEEDED', regions: [region], totalSteps: 2, strength: 0.8 });
    const outside = (x: number, y: number) => x < 10 || x >= 50 || y < 20 || y >= 50;
    expect(differing(await fetched(boxed), flat, outside)).toBe(0);
    const masked = await refine(flat, {}, leftHalf(128, 96));
    expect(masked).toMatchObject({ regions: [{ x: 0, y: 0, width: 64, height: 96 }] });
    expect(differing(await fetched(masked), flat, (x) => x >= 64)).toBe(0);
  });

  it('refuses mask and regions together, a region outside, and an image that never was', async () => {
    const region = { x: 100, y: 0, width: 40, height: 30 };
    const refused = { __typename: 'InvalidInput' };
    expect(await refine(flat, { regions: [region] })).toMatchObject({ ...refused, field: 'regions.0' });
    expect(await refine(flat, { regions: [region] }, leftHalf(128, 96))).toMatchObject({
      ...refused,
      field: 'regions',
    });
    const input = { image: { id: '0'.repeat(64) } };
    expect(await server.ask(operation('refine'), { input })).toMatchObject({ refine: { __typename: 'NotFound' } });
  });
});
