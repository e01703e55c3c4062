/**
 * `npm run samples`: `docs/preview.webp`, which the README shows: what a subscriber sees of real generations, step by step, with the
 * previews that the program sent as its frames.
 */
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import sharp from 'sharp';
import { graphql, startProgram } from '../program.js';

const SIDE = 256;
const GAP = 8;
const STEP_MS = 140;
const LAST_MS = 2600;
const out = join(import.meta.dirname, '../../docs/preview.webp');

const prompts = [
  { prompt: 'a rocket above a castle, night sky background', seed: 5 },
  { prompt: '一只狗在左边，草地背景', seed: 7 },
  { prompt: 'a big panda, snow background', seed: 4 },
];

const start = `mutation ($input: GenerateInput!) {
  generate(input: $input, waitMs: 0) { ... on Generation { id } ... on Problem { message } }
}`;
const watch = `subscription ($id: ID!) {
  generationProgress(id: $id, after: 0) {
    ... on StepFinished { preview }
    ... on GenerationFinished { generation { status images { url(format: PNG) } } }
  }
}`;

interface Event {
  readonly preview?: string | null;
  readonly generation?: { readonly status: string; readonly images: { readonly url: string }[] };
}

const program = await startProgram();
try {
  const films: Buffer[][] = [];
  for (const input of prompts) films.push(await filmed({ ...input, model: 'inkling-base', steps: 32 }));
  await write(films);
} finally {
  await program.stop();
}

/** The previews of one generation, and the image at its end. */
async function filmed(input: Record<string, unknown>): Promise<Buffer[]> {
  const { generate } = await graphql<{ generate: { id: string; message?: string } }>(program.url, start, { input });
  if (generate.message !== undefined) throw new Error(generate.message);
  const client = createClient({ url: `${program.url}/graphql`, retryAttempts: 0 });
  const frames: Buffer[] = [];
  for await (const { data } of client.iterate<{ generationProgress: Event }>({ query: watch, variables: generate })) {
    const { preview, generation } = data?.generationProgress ?? {};
    if (preview != null) frames.push(Buffer.from(preview.slice(preview.indexOf(',') + 1), 'base64'));
    if (generation === undefined) continue;
    if (generation.status !== 'SUCCEEDED') throw new Error(`Not made: ${generation.status}`);
    frames.push(Buffer.from(await (await fetch(generation.images[0]!.url)).arrayBuffer()));
  }
  return frames;
}

/** All side by side. A film that is over stands still. */
async function write(films: readonly Buffer[][]): Promise<void> {
  const length = Math.max(...films.map((film) => film.length));
  const width = films.length * (SIDE + GAP) - GAP;
  const frames = await Promise.all(
    Array.from({ length }, async (_, at) => {
      const tiles = films.map(async (film, x) => ({
        input: await sharp(film[at] ?? film.at(-1)!)
          .resize(SIDE, SIDE)
          .toBuffer(),
        left: x * (SIDE + GAP),
        top: 0,
      }));
      return sharp({ create: { width, height: SIDE, channels: 3, background: '#fff' } })
        .composite(await Promise.all(tiles))
        .png()
        .toBuffer();
    }),
  );
  const delay = frames.map((_, at) => (at === frames.length - 1 ? LAST_MS : STEP_MS));
  const { size } = await sharp(frames, { join: { animated: true } })
    .webp({ quality: 62, effort: 6, loop: 0, delay })
    .toFile(out);
  console.log(`${out}: ${frames.length} frames, ${Math.ceil(size / 1000)} kB`);
}
