import sharp from 'sharp';
import type { Program } from '../program.js';
import { noisePng } from './noise.js';
import type { Measure } from './report.js';

/** Sends one request and resolves when it is answered, whatever the answer is. */
type Send = (url: string) => Promise<unknown>;

/** Of each request, this many; a stall that another program of the machine caused is not in all of them. */
const RUNS = 3;

/** The longest time for which one hostile request keeps the server's event loop from everything else. */
export async function stalls(program: Program): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  for (const [name, send] of await requests()) {
    const longest: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      program.process.send('loop-delay:reset');
      await send(program.url);
      longest.push(await loopDelay(program));
    }
    measures.push({ name: `  ${name}`, value: Math.min(...longest), unit: 'ms' });
  }
  const worst = Math.max(...measures.map(({ value }) => value));
  return [
    { name: 'longest stop of the event loop by one hostile request', value: worst, unit: 'ms', target: '≤ 50' },
    ...measures,
  ];
}

function loopDelay(program: Program): Promise<number> {
  const read = new Promise<number>((resolve) =>
    program.process.once('message', (message) => resolve((message as { max: number }).max)),
  );
  program.process.send('loop-delay:read');
  return read;
}

async function requests(): Promise<readonly (readonly [string, Send])[]> {
  const flat = (side: number, white: number) =>
    sharp({ create: { width: side, height: side, channels: 3, background: { r: white, g: white, b: white } } })
      .png()
      .toBuffer();
  const [small, source, mask, noise] = await Promise.all([flat(256, 90), flat(8000, 90), flat(8000, 255), noisePng()]);
  const edit = (image: Uint8Array, input: object, masked: Uint8Array | null = null) => upload(image, masked, input);
  const deep = '['.repeat(120_000) + ']'.repeat(120_000);
  const query = 'query ($prompt: String!) { promptAdvice(prompt: $prompt) { __typename } }';
  return [
    ['source of 64 megapixels', edit(source, { strength: 0.5 })],
    ['mask of 64 megapixels', edit(small, {}, mask)],
    ['source and mask of 64 megapixels', edit(source, {}, mask)],
    ['upload of 17 MB', edit(noise, { strength: 0.5 })],
    ['upload of 17 MB that is no image', edit(new Uint8Array(17e6).fill(88), { strength: 0.5 })],
    [
      'variables nested 60,000 deep',
      json(`{"query":"{ __typename }","variables":{"a":${deep.slice(60_000, 180_000)}}}`),
    ],
    ['JSON nested 120,000 deep', json(deep)],
    ['JSON of 250 KB of small values', json(`{"query":"{ __typename }","variables":{"a":[${'{},'.repeat(80_000)}0]}}`)],
    ['document of 250 KB', json(JSON.stringify({ query: `{ ${'models { name } '.repeat(15_000)} }` }))],
    [
      'one string of 250 KB in a document',
      json(JSON.stringify({ query: `{ promptAdvice(prompt: "${'x '.repeat(120_000)}") { __typename } }` })),
    ],
    ['prompt of 32 KB', json(JSON.stringify({ query, variables: { prompt: 'a cat '.repeat(5400) } }))],
  ];
}

function json(body: string): Send {
  const headers = { 'content-type': 'application/json' };
  return async (url) => (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).text();
}

function upload(image: Uint8Array, mask: Uint8Array | null, input: object): Send {
  const query =
    'mutation ($input: EditInput!) { edit(input: $input, waitMs: 60000) { __typename ... on Problem { message } } }';
  const files = [image, ...(mask === null ? [] : [mask])];
  const paths = ['image', 'mask'].slice(0, files.length);
  let seed = 1;
  return async (url) => {
    const form = new FormData();
    const nulls = Object.fromEntries(paths.map((path) => [path, { upload: null }]));
    const variables = { input: { prompt: 'a cat', seed: seed++, steps: 1, ...input, ...nulls } };
    form.set('operations', JSON.stringify({ query, variables }));
    form.set(
      'map',
      JSON.stringify(Object.fromEntries(paths.map((path, i) => [i, [`variables.input.${path}.upload`]]))),
    );
    for (const [i, file] of files.entries()) form.set(String(i), new Blob([new Uint8Array(file)]), 'image.png');
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'x-graphql-yoga-csrf': '1' },
      body: form,
    });
    return response.text();
  };
}
