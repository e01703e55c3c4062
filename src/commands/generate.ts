import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Settings } from '../config.js';
import { createLog, openWorkshop } from '../main.js';
import type { GenerateRequest, Generation, ImageFormat, Studio } from '../studio/types.js';
import { readSize, UsageError } from './usage.js';

export interface GenerateOptions {
  readonly out: string;
  readonly seed?: string;
  readonly steps?: string;
  readonly size?: string;
  readonly guidance?: string;
  readonly negative?: string;
  readonly model?: string;
}

const formats: Readonly<Record<string, ImageFormat>> = {
  '.png': 'PNG',
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.webp': 'WEBP',
  '.avif': 'AVIF',
};

/** `inkstone generate`: the way a request goes through the server, without one. What it makes is only in the file. */
export async function generateCommand(settings: Settings, prompt: string, options: GenerateOptions): Promise<void> {
  const format = formats[extname(options.out).toLowerCase()];
  if (format === undefined)
    throw new UsageError(`Expected --out to end in .png, .jpg, .webp or .avif but received ${options.out}.`);
  const request = readRequest(prompt, options);
  // A folder of its own: a server may own the usual one, and belongs to one process.
  const data = await mkdtemp(join(tmpdir(), 'inkstone-'));
  const workshop = await openWorkshop(
    { ...settings, studio: { ...settings.studio, DATA_DIR: data } },
    createLog(settings.server.LOG_LEVEL),
  );
  try {
    workshop.warm.catch(() => {}); // what is wrong with the model comes with the generation
    const generation = await draw(workshop.studio, request);
    if (generation.status !== 'SUCCEEDED') throw new UsageError(generation.problem?.message ?? 'It was cancelled.');
    const picture = await workshop.studio.variant(generation.imageIds[0]!, { format, accept: '' });
    if (picture.outcome !== 'found') throw new Error('The picture was gone before it was written.');
    await writeFile(options.out, picture.body);
    console.log(
      `${options.out}: ${generation.width}×${generation.height}, seed ${generation.seed}, ${seconds(generation)} s`,
    );
  } finally {
    await workshop.close(0);
    await rm(data, { recursive: true, force: true });
  }
}

async function draw(studio: Studio, request: GenerateRequest): Promise<Generation> {
  const bar = new SingleBar({
    format: '{stage} {bar} {value}/{total}',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  const never = new AbortController().signal;
  const begun = await studio.generate(request, { waitMs: 0, signal: never });
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

function readRequest(
  prompt: string,
  { seed, steps, size, guidance, negative, model }: GenerateOptions,
): GenerateRequest {
  return {
    prompt,
    negativePrompt: negative,
    model,
    seed: number('--seed', seed),
    steps: number('--steps', steps),
    guidance: number('--guidance', guidance),
    ...(size === undefined ? {} : readSize(size)),
  };
}

function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`Expected ${option} to be a number but received ${text}.`);
}

function seconds({ createdAt, finishedAt }: Generation): string {
  return (((finishedAt ?? createdAt) - createdAt) / 1000).toFixed(1);
}
