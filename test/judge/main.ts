/**
 * `npm run judge [-- --size 256x256 --every 1 --sheet pictures.png --json]`: draws the held-out prompts with the shipped checkpoint
 * through this project's engine, has the judge read the pictures, and prints the shares that are right.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { readModels } from '../../src/engine/checkpoint.js';
import { engineSection } from '../../src/engine/config.js';
import { createEngine } from '../../src/engine/host.js';
import type { Pixels } from '../../src/engine/job.js';
import { judgeFolder, openJudge } from './judge.js';
import { type Measure, measures, type Truth, verdict } from './verdict.js';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '256x256' },
    every: { type: 'string', default: '1' },
    sheet: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [width, height] = values.size.split('x').map(Number) as [number, number];
const every = Number(values.every);
/** The same noise for a prompt in every run. */
const FIRST_SEED = 1000;
/** Pictures on the sheet, spread over all prompts. */
const SHOWN = 24;

const prompts = readFileSync(join(judgeFolder, 'prompts.jsonl'), 'utf8').trim().split('\n');
const truths = prompts.map((line) => JSON.parse(line) as Truth);
const chosen = [...truths.entries()].filter(([i]) => i % every === 0);

const settings = engineSection.schema.parse(process.env);
const catalog = readModels(settings);
const [model] = catalog;
if (model === undefined) throw new Error('There is no model to judge.');
const engine = createEngine({
  catalog,
  device: settings.ENGINE_DEVICE,
  memoryBudgetBytes: settings.ENGINE_MEMORY,
  promptCacheBytes: settings.PROMPT_CACHE_BYTES,
  maxBatch: settings.ENGINE_BATCH,
  threads: availableParallelism(),
  watchdogMs: settings.ENGINE_WATCHDOG_MS,
  log: { info() {}, warn: console.error },
});
const judge = await openJudge();
const tally = new Map<string, { right: number; all: number }>();
const shown: Pixels[] = [];
let drawn = 0;
try {
  for (const [i, truth] of chosen) {
    const { steps, guidance } = model.defaults;
    const job = {
      operation: 'GENERATE',
      model: model.id,
      prompt: truth.prompt,
      negativePrompt: '',
      width,
      height,
      steps,
      guidance,
      guidanceNormalization: 0,
      guidanceTruncation: 1,
      loras: [],
      seeds: [FIRST_SEED + i],
      previews: false,
    } as const;
    const { pictures } = await engine.run(job, {
      signal: new AbortController().signal,
      deadlineMs: 600_000,
      onEvent() {},
    });
    const picture = pictures[0]!;
    const result = verdict(truth, await judge.look(picture), judge.thirds);
    for (const [measure, right] of Object.entries(result)) count(truth.language, measure as Measure, right);
    if (drawn++ % Math.ceil(chosen.length / SHOWN) === 0) shown.push(picture);
  }
} finally {
  await engine.close();
}
report();
if (values.sheet !== undefined) await writeSheet(values.sheet);

function count(language: string, measure: Measure, right: boolean): void {
  for (const group of [language, 'all']) {
    const key = `${group} ${measure}`;
    const { right: before, all } = tally.get(key) ?? { right: 0, all: 0 };
    tally.set(key, { right: before + (right ? 1 : 0), all: all + 1 });
  }
}

function report(): void {
  const groups = ['zh', 'en', 'mixed', 'all'];
  if (values.json) {
    console.log(
      JSON.stringify({ model: model!.id, size: values.size, prompts: chosen.length, right: Object.fromEntries(tally) }),
    );
    return;
  }
  console.log(`\n${model!.id}, ${values.size}, ${model!.defaults.steps} steps, ${chosen.length} held-out prompts\n`);
  console.log(`| | ${measures.join(' | ')} |\n|---|${'---|'.repeat(measures.length)}`);
  for (const group of groups) {
    const cells = measures.map((measure) => {
      const cell = tally.get(`${group} ${measure}`);
      return cell === undefined ? '' : `${((100 * cell.right) / cell.all).toFixed(1)} % of ${cell.all}`;
    });
    console.log(`| ${group} | ${cells.join(' | ')} |`);
  }
}

/** Some of the pictures side by side, as they were drawn: none is picked. */
async function writeSheet(file: string): Promise<void> {
  const columns = 6;
  const tiles = shown.map(({ data }, i) => ({
    input: Buffer.from(data),
    raw: { width, height, channels: 3 as const },
    left: (i % columns) * width,
    top: Math.floor(i / columns) * height,
  }));
  const rows = Math.ceil(shown.length / columns);
  const sheet = { width: columns * width, height: rows * height, channels: 3 as const, background: 'white' };
  await sharp({ create: sheet }).composite(tiles).png().toFile(file);
}
