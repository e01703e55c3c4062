import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../app/config.js';
import { createLog, openWorkshop, type Workshop } from '../app/local.js';
import { readModels } from '../catalog/entry-from-checkpoint.js';
import { InvalidInput, UnknownModel } from '../domain/problems.js';
import type { Generation, Studio, SubmitOptions } from '../generation/types.js';
import { commandLogLevel } from './config.js';
import { Journal } from './journal.js';
import { listing, readLoras } from './loras.js';
import { type DrawingOptions, readDrawing } from './options.js';
import { type Output, openOutput } from './output.js';
import { asJson, inWords, type Written } from './told.js';
import { CommandFailed, UsageError, whole } from './usage.js';
import { watch } from './watch.js';

/** Which pictures of a prompt one request is for: `count` of them, of which picture i has `seed` + i. */
export interface Share {
  readonly seed: number | undefined;
  readonly count: number;
}

/** Asks for pictures of one prompt. */
export type Ask = (studio: Studio, share: Share, options: SubmitOptions) => Promise<Generation>;

const maxCount = 1000;

/**
 * Makes pictures the way a request goes through the server, without one. What is made is only in the files.
 *
 * @param asks one for each prompt
 * @param together pictures that one request may be for, at most
 */
export async function draw(
  settings: Settings,
  options: DrawingOptions,
  asks: readonly Ask[],
  together: number,
): Promise<void> {
  const count = whole('--count', options.count, 1, maxCount);
  const output = openOutput(options.out, asks.length * count);
  const shares = sharesOf(readDrawing(options).seed, count, together);
  const models = listing(readLoras(options.lora ?? []), readModels(settings.engine), options.model);
  // A folder of its own: a server may own the usual one, and belongs to one process.
  const data = await mkdtemp(join(tmpdir(), 'inkstone-'));
  const discard = () => rmSync(data, { recursive: true, force: true });
  const stop = () => {
    discard();
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const journal = new Journal();
  try {
    const workshop = await openWorkshop(
      { ...settings, studio: { ...settings.studio, DATA_DIR: data } },
      createLog(commandLogLevel(settings.server.LOG_LEVEL), journal),
      // Who names a checkpoint wants no other one.
      { models, hashesFolder: settings.studio.DATA_DIR, insists: true },
    );
    try {
      workshop.warm.catch(() => {}); // what is wrong with the model comes with the generation
      for (const ask of asks) await drawShares(ask, shares, workshop, { output, journal, json: options.json ?? false });
    } finally {
      await workshop.close(0);
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    discard();
  }
}

interface Telling {
  readonly output: Output;
  readonly journal: Journal;
  readonly json: boolean;
}

async function drawShares(
  ask: Ask,
  shares: readonly Share[],
  { studio }: Workshop,
  { output, journal, json }: Telling,
): Promise<void> {
  const generations: Generation[] = [];
  const written: Written[] = [];
  for (const share of shares) {
    const begun = await asked(ask(studio, share, { waitMs: 0, signal: new AbortController().signal }));
    const generation = await watch(studio, begun);
    if (generation.status !== 'SUCCEEDED') throw new CommandFailed(reasonOf(generation, journal));
    generations.push(generation);
    for (const [i, id] of generation.imageIds.entries()) {
      const variant = await studio.variant(id, { format: output.format, accept: '' });
      if (variant.outcome !== 'found') throw new Error('The picture was gone before it was written.');
      const image = { file: output.next(), seed: generation.seed + i, id };
      await output.write(image.file, variant.body);
      written.push(image);
      if (!json) output.say(inWords(image, generation));
    }
  }
  if (json) output.say(asJson(written, generations));
}

/** What a client would hear as its own mistake is here one of usage. */
async function asked(generation: Promise<Generation>): Promise<Generation> {
  try {
    return await generation;
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof UnknownModel) throw new UsageError(error.message);
    throw error;
  }
}

/** Seeds count up over all pictures of a prompt, however many requests they take. */
function sharesOf(seed: number | undefined, count: number, together: number): readonly Share[] {
  if (count <= together) return [{ seed, count }];
  const first = seed ?? randomInt(2 ** 32);
  const starts = Array.from({ length: Math.ceil(count / together) }, (_, i) => i * together);
  return starts.map((start) => ({ seed: first + start, count: Math.min(together, count - start) }));
}

function reasonOf({ problem }: Generation, { error }: Journal): string {
  if (problem === null) return 'It was cancelled.';
  return (problem.code === 'Failed' ? error : null) ?? problem.message;
}
