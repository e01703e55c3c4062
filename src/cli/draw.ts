import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../app/config.js';
import { type App, createApp, createLog } from '../app/local.js';
import { readModels } from '../catalog/entry-from-checkpoint.js';
import { InvalidInput, UnknownModel } from '../domain/problems.js';
import type { Generation, SubmitOptions, UseCases } from '../generation/types.js';
import { commandLogLevel } from './config.js';
import { LastError } from './journal.js';
import { listing, readLoras } from './loras.js';
import { readSampling, type SamplingOptions } from './options.js';
import { type Output, openOutput } from './output.js';
import { asJson, inWords, type Written } from './told.js';
import { CommandFailed, UsageError, whole } from './usage.js';
import { watch } from './watch.js';

/** Which images of a prompt one request is for: `count` of them, of which image i has `seed` + i. */
export interface Share {
  readonly seed: number | undefined;
  readonly count: number;
}

/** Asks for images of one prompt. */
export type Ask = (service: UseCases, share: Share, options: SubmitOptions) => Promise<Generation>;

const maxCount = 1000;

/**
 * Makes images the way a request goes through the server, without one. What is made is only in the files.
 *
 * @param asks one for each prompt
 * @param together images that one request may be for, at most
 */
export async function draw(
  settings: Settings,
  options: SamplingOptions,
  asks: readonly Ask[],
  together: number,
): Promise<void> {
  const count = whole('--count', options.count, 1, maxCount);
  const output = openOutput(options.out, asks.length * count);
  const shares = sharesOf(readSampling(options).seed, count, together);
  const models = listing(readLoras(options.lora ?? []), readModels(settings.engine), options.model);
  // A folder of its own: a server may own the usual one, and belongs to one process.
  const data = await mkdtemp(join(tmpdir(), 'inkstone-'));
  const discard = () => rmSync(data, { recursive: true, force: true });
  const stop = () => {
    discard();
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const journal = new LastError();
  try {
    const app = await createApp(
      { ...settings, generation: { ...settings.generation, DATA_DIR: data } },
      createLog(commandLogLevel(settings.http.LOG_LEVEL), journal),
      // Who names a checkpoint wants no other one.
      { models, hashesFolder: settings.generation.DATA_DIR, insists: true },
    );
    try {
      app.warm.catch(() => {}); // what is wrong with the model comes with the generation
      for (const ask of asks) await drawShares(ask, shares, app, { output, journal, json: options.json ?? false });
    } finally {
      await app.close(0);
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    discard();
  }
}

interface Telling {
  readonly output: Output;
  readonly journal: LastError;
  readonly json: boolean;
}

async function drawShares(
  ask: Ask,
  shares: readonly Share[],
  { service }: App,
  { output, journal, json }: Telling,
): Promise<void> {
  const generations: Generation[] = [];
  const written: Written[] = [];
  for (const share of shares) {
    const begun = await asked(ask(service, share, { waitMs: 0, signal: new AbortController().signal }));
    const generation = await watch(service, begun);
    if (generation.status !== 'SUCCEEDED') throw new CommandFailed(reasonOf(generation, journal));
    generations.push(generation);
    for (const [i, id] of generation.imageIds.entries()) {
      const variant = await service.variant(id, { format: output.format });
      if (variant.outcome !== 'found') throw new Error('The image was gone before it was written.');
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

/** Seeds count up over all images of a prompt, however many requests they take. */
function sharesOf(seed: number | undefined, count: number, together: number): readonly Share[] {
  if (count <= together) return [{ seed, count }];
  const first = seed ?? randomInt(2 ** 32);
  const starts = Array.from({ length: Math.ceil(count / together) }, (_, i) => i * together);
  return starts.map((start) => ({ seed: first + start, count: Math.min(together, count - start) }));
}

function reasonOf({ problem }: Generation, { error }: LastError): string {
  if (problem === null) return 'It was cancelled.';
  return (problem.code === 'Failed' ? error : null) ?? problem.message;
}
