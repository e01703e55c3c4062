import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { pino } from 'pino';
import type { Settings } from '../config.js';
import { createLog, openWorkshop } from '../main.js';
import type { Generation, ImageFormat, Studio, SubmitOptions } from '../studio/types.js';
import { UsageError } from './usage.js';

const formats: Readonly<Record<string, ImageFormat>> = {
  '.png': 'PNG',
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.webp': 'WEBP',
  '.avif': 'AVIF',
};

/**
 * Makes one picture the way a request goes through the server, without one, and shows how far it is. What is made is only in the file.
 *
 * @param ask for the picture
 */
export async function drawInto(
  out: string,
  settings: Settings,
  ask: (studio: Studio, options: SubmitOptions) => Promise<Generation>,
): Promise<void> {
  const format = formats[extname(out).toLowerCase()];
  if (format === undefined)
    throw new UsageError(`Expected --out to end in .png, .jpg, .webp or .avif but received ${out}.`);
  // Known before the work, not after it.
  if (!isFolder(dirname(resolve(out))) || isFolder(out))
    throw new UsageError(`Expected --out to be a file in a folder that is there but received ${out}.`);
  // A folder of its own: a server may own the usual one, and belongs to one process.
  const data = await mkdtemp(join(tmpdir(), 'inkstone-'));
  const journal = new Journal();
  const workshop = await openWorkshop(
    { ...settings, studio: { ...settings.studio, DATA_DIR: data } },
    createLog(settings.server.LOG_LEVEL, journal),
  );
  try {
    workshop.warm.catch(() => {}); // what is wrong with the model comes with the generation
    const generation = await watched(workshop.studio, ask);
    if (generation.status !== 'SUCCEEDED') throw new UsageError(reasonOf(generation, journal));
    const picture = await workshop.studio.variant(generation.imageIds[0]!, { format, accept: '' });
    if (picture.outcome !== 'found') throw new Error('The picture was gone before it was written.');
    await writeFile(out, picture.body);
    console.log(`${out}: ${described(generation)}`);
  } finally {
    await workshop.close(0);
    await rm(data, { recursive: true, force: true });
  }
}

/** Keeps the last error that is logged. Clients are not told it, but whoever runs the command may read it in one sentence. */
class Journal {
  error: string | null = null;

  write(line: string): void {
    const { level, err } = JSON.parse(line) as { level: number; err?: { message?: string } };
    if (err?.message !== undefined) this.error = err.message;
    // Warnings and errors come with the generation; more is written because it was asked for.
    if (level < pino.levels.values.warn! || (process.env.DEBUG ?? '') !== '') process.stderr.write(line);
  }
}

function reasonOf({ problem }: Generation, { error }: Journal): string {
  if (problem === null) return 'It was cancelled.';
  return (problem.code === 'Failed' ? error : null) ?? problem.message;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function watched(
  studio: Studio,
  ask: (studio: Studio, options: SubmitOptions) => Promise<Generation>,
): Promise<Generation> {
  const bar = new SingleBar({
    format: '{stage} {bar} {value}/{total}',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  const never = new AbortController().signal;
  const begun = await ask(studio, { waitMs: 0, signal: never });
  bar.start(begun.totalSteps, 0, { stage: 'waiting  ' });
  let last = begun;
  try {
    for await (const event of studio.progress(begun.id, 0, never)) {
      last = event.generation;
      if (event.type === 'StageStarted') bar.update(last.step, { stage: event.stage.toLowerCase().padEnd(9) });
      if (event.type === 'StepFinished') bar.update(event.step, { stage: 'denoise  ' });
    }
  } finally {
    bar.stop();
  }
  return last;
}

/** `256×256, seed 7, 1.2 s`, of a refinement with the regions that it improved. */
function described({ operation, width, height, seed, regions, createdAt, finishedAt }: Generation): string {
  const seconds = (((finishedAt ?? createdAt) - createdAt) / 1000).toFixed(1);
  const places = regions.map((region) => `${region.width}×${region.height} at ${region.x},${region.y}`);
  const improved = operation === 'REFINE' ? [`improved: ${places.join('; ') || 'nothing'}`] : [];
  return [`${width}×${height}`, `seed ${seed}`, `${seconds} s`, ...improved].join(', ');
}
