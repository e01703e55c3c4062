import { readModels } from '../../src/catalog/entry-from-checkpoint.js';
import { unguided } from '../../src/domain/sampling.js';
import { engineSection } from '../../src/engine/config.js';
import type { EngineJob, Pixels } from '../../src/engine/engine.js';
import { engineFor } from '../../src/engine/process/host.js';
import { graphql, type Program, startProgram } from '../program.js';
import { proportionalSetSize } from './memory.js';
import { type Measure, median } from './report.js';

const REPEATS = 20_000;
const REFUSED = 6000;
const JOBS = 180;
const AT_ONCE = 16;

/** What the server holds after many repeats and refusals, and the engine after many jobs of all kinds: flat where nothing leaks. */
export async function growth(): Promise<readonly Measure[]> {
  return [...(await serverGrowth()), ...(await engineGrowth())];
}

async function serverGrowth(): Promise<Measure[]> {
  const program = await startProgram({
    nodeArgs: ['--expose-gc', '--import', new URL('./heap.mjs', import.meta.url).href],
    env: { LOG_LEVEL: 'silent' },
  });
  try {
    const repeat = () => graphql(program.url, REPEAT, {});
    await repeat();
    const repeats = await thirds(REPEATS, repeat, program);
    const refusals = await thirds(REFUSED, (i) => refuse(program.url, i), program);
    const heap = (what: string, [first, last]: readonly [number, number]): Measure[] => [
      { name: `server heap, collected, after a third of ${what}`, value: first / 1e6, unit: 'MB' },
      { name: `server heap, collected, after all ${what}`, value: last / 1e6, unit: 'MB', target: '≈ the same' },
    ];
    return [...heap(`${REPEATS} cached repeats`, repeats), ...heap(`${REFUSED} refused requests`, refusals)];
  } finally {
    await program.stop();
  }
}

const REPEAT = `mutation {
  generate(input: { prompt: "a rocket above a castle, night sky background", seed: 7 }, waitMs: 60000) {
    ... on Generation { id status images { id url thumbhash } }
  }
}`;

/** What a program makes of many requests: its heap after a third of them, and after all. */
async function thirds(
  count: number,
  ask: (i: number) => Promise<unknown>,
  program: Program,
): Promise<[number, number]> {
  const upTo = async (from: number, to: number) => {
    let next = from;
    const one = async () => {
      while (next < to) await ask(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  };
  await upTo(0, Math.floor(count / 3));
  const first = await heapOf(program);
  await upTo(Math.floor(count / 3), count);
  return [first, await heapOf(program)];
}

async function heapOf({ process }: Program): Promise<number> {
  const answer = new Promise<{ heapUsed: number; arrayBuffers: number }>((resolve) =>
    process.once('message', (message) => resolve(message as { heapUsed: number; arrayBuffers: number })),
  );
  process.send('heap:read');
  const { heapUsed, arrayBuffers } = await answer;
  return heapUsed + arrayBuffers;
}

/** One of several kinds, no two alike. */
async function refuse(url: string, i: number): Promise<void> {
  const bodies = [
    JSON.stringify({
      query: `mutation { generate(input: { prompt: "cat ${i}", steps: ${1000 + i} }) { __typename } }`,
    }),
    JSON.stringify({ query: `{ unknown${i} }` }),
    JSON.stringify({ query: `{ promptAdvice(prompt: "${'x'.repeat(i % 3000)} ${i}") { __typename } }` }),
    `{"query": "${i}`,
    JSON.stringify({ query: `{ generation(id: "${i}") { id } }`, variables: { [`v${i}`]: i } }),
  ];
  const headers = { 'content-type': 'application/json' };
  await (await fetch(`${url}/graphql`, { method: 'POST', headers, body: bodies[i % bodies.length]! })).text();
}

async function engineGrowth(): Promise<Measure[]> {
  // No prompt is remembered: what grows has another reason.
  const settings = engineSection.schema.parse({ ...process.env, PROMPT_CACHE_BYTES: '0' });
  const models = readModels(settings);
  const engine = engineFor(settings, models, { info() {}, warn() {} });
  try {
    const run = async (job: EngineJob) =>
      (await engine.run(job, { signal: new AbortController().signal, deadlineMs: 120_000, onEvent() {} })).images[0]!;
    const source = await run(jobsOf(null, 0)[0]!);
    const sizes: number[] = [];
    for (let i = 0; i < JOBS; i++) {
      const kinds = jobsOf(source, i).filter(({ model }) => models.some(({ id }) => id === model));
      await run(kinds[i % kinds.length]!);
      sizes.push(proportionalSetSize(engine.pid!) ?? Number.NaN);
    }
    const third = Math.floor(JOBS / 3);
    return [
      {
        name: `engine (PSS), median of the first third of ${JOBS} mixed jobs`,
        value: median(sizes.slice(0, third)) / 1e6,
        unit: 'MB',
      },
      { name: '… of the second', value: median(sizes.slice(third, 2 * third)) / 1e6, unit: 'MB' },
      { name: '… of the last', value: median(sizes.slice(2 * third)) / 1e6, unit: 'MB', target: '≈ the second' },
    ];
  } finally {
    await engine.close();
  }
}

/** Jobs of every kind and of several sizes, of two forwards each. */
function jobsOf(source: Pixels | null, seed: number): EngineJob[] {
  const sampling = { ...unguided, steps: 2, loras: [] };
  const common = { model: 'inkling-turbo', sampling, previews: seed % 2 === 0 };
  const text = `${seed} red houses`;
  const item = { prompt: { text, negative: '' }, seed };
  const drawing = { ...common, ...item };
  const generate = { ...common, operation: 'GENERATE', width: 256, height: 256, items: [item] } as const;
  if (source === null) return [generate];
  const mask = {
    width: source.width,
    height: source.height,
    data: new Uint8Array(source.width * source.height).fill(255, 9000),
  };
  const edit = { ...drawing, operation: 'EDIT', source, references: [], mask: null, strength: 0.6 } as const;
  return [
    generate,
    { ...edit, mode: 'STRENGTH' },
    { ...generate, width: 128, height: 192, items: [0, 1, 2].map((i) => ({ ...item, seed: seed + i })) },
    { ...edit, mode: 'INPAINT', mask, strength: 1 },
    {
      ...{ ...generate, model: 'inkling-base', sampling: { ...sampling, guidance: 2 } },
      items: [{ prompt: { text, negative: 'snow' }, seed }],
    },
    { ...edit, model: 'inkling-edit', mode: 'INSTRUCTION', strength: null },
    {
      ...drawing,
      model: 'inkling-refiner',
      operation: 'REFINE',
      source,
      mask: null,
      regions: [{ x: 9, y: 9, width: 90, height: 90 }],
      strength: 0.1,
    },
    { ...generate, sampling: { ...sampling, loras: [{ id: 'blueprint', weight: 0.8 }] } },
    { ...generate, width: 384, height: 256 },
  ];
}
