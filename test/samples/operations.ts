/**
 * `npm run samples`: one image of every operation, made by the built program over its API, side by side with what it began from:
 * `infra/inkling/operations.webp`, which docs/models.md shows.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { graphql, type Program, startProgram } from '../program.js';

const SIDE = 256;
const GAP = 8;
const out = join(import.meta.dirname, '../../infra/inkling/operations.webp');

const fields = '... on Generation { status images { id url(format: PNG) } } ... on Problem { message }';
const operations = {
  generate: `mutation ($input: GenerateInput!) { made: generate(input: $input, waitMs: 120000) { ${fields} } }`,
  edit: `mutation ($input: EditInput!) { made: edit(input: $input, waitMs: 120000) { ${fields} } }`,
  refine: `mutation ($input: RefineInput!) { made: refine(input: $input, waitMs: 120000) { ${fields} } }`,
};

interface Image {
  readonly id: string;
  readonly png: Buffer;
}

const program = await startProgram();
try {
  await sheet([
    [
      await draw({ prompt: '一只狗在左边，草地背景', seed: 7 }),
      await draw({ prompt: 'two penguins, snow background', model: 'inkling-base', seed: 3 }),
      await draw({ prompt: 'a castle, blueprint style', seed: 4, loras: [{ id: 'blueprint' }] }),
      await draw({ prompt: '像素画，一只老虎在一个火箭的左边，夜空背景', seed: 5 }),
    ],
    await changes(),
  ]);
} finally {
  await program.stop();
}

/** The first image, and what instruction, brush and refinement make of it. */
async function changes(): Promise<readonly Image[]> {
  const source = await draw({ prompt: 'a dog to the left of a tree, beach background', seed: 11 });
  const image = { id: source.id };
  return [
    source,
    await ask('edit', { image, prompt: 'replace the dog with a cat', seed: 1 }),
    await repainted(source, 'a dog to the left of a house, beach background'),
    await ask('refine', { image, prompt: 'a dog to the left of a tree, beach background', seed: 1 }),
  ];
}

/** The right half painted anew. */
async function repainted(source: Image, prompt: string): Promise<Image> {
  const white = { width: SIDE / 2, height: SIDE, channels: 3, background: '#fff' } as const;
  const mask = sharp({ create: { ...white, width: SIDE, background: '#000' } })
    .composite([{ input: { create: white }, left: SIDE / 2, top: 0 }])
    .png();
  const form = new FormData();
  const input = { image: { id: source.id }, mask: { upload: null }, prompt, seed: 2 };
  form.set('operations', JSON.stringify({ query: operations.edit, variables: { input } }));
  form.set('map', JSON.stringify({ 0: ['variables.input.mask.upload'] }));
  form.set('0', new Blob([new Uint8Array(await mask.toBuffer())]), 'mask.png');
  const response = await fetch(`${program.url}/graphql`, {
    method: 'POST',
    headers: { 'x-graphql-yoga-csrf': '1' },
    body: form,
  });
  const { data } = (await response.json()) as { data: EngineResult };
  return fetched(program, data);
}

function draw(input: Record<string, unknown>): Promise<Image> {
  return ask('generate', input);
}

async function ask(operation: keyof typeof operations, input: Record<string, unknown>): Promise<Image> {
  return fetched(program, await graphql<EngineResult>(program.url, operations[operation], { input }));
}

interface EngineResult {
  readonly made: { status: string; message?: string; images: { id: string; url: string }[] };
}

async function fetched(from: Program, { made }: EngineResult): Promise<Image> {
  if (made.status !== 'SUCCEEDED') throw new Error(`Not made: ${JSON.stringify(made)}`);
  const { id, url } = made.images[0]!;
  const response = await fetch(new URL(new URL(url).pathname + new URL(url).search, from.url));
  return { id, png: Buffer.from(await response.arrayBuffer()) };
}

async function sheet(rows: readonly (readonly Image[])[]): Promise<void> {
  const columns = Math.max(...rows.map(({ length }) => length));
  const across = (count: number) => count * (SIDE + GAP) - GAP;
  const tiles = rows.flatMap((row, y) =>
    row.map(({ png }, x) => ({ input: png, left: x * (SIDE + GAP), top: y * (SIDE + GAP) })),
  );
  await sharp({ create: { width: across(columns), height: across(rows.length), channels: 3, background: '#fff' } })
    .composite(tiles)
    .webp({ quality: 82 })
    .toFile(out);
  console.log(out);
}
