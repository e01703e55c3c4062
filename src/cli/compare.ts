import { readFileSync } from 'node:fs';
import type { ModelEntry } from '../domain/model-entry.js';
import { unguided } from '../domain/sampling.js';
import type { EngineConfig } from '../engine/config.js';
import type { GenerateJob, Pixels } from '../engine/engine.js';
import { engineFor } from '../engine/process/host.js';

/** Drawn with both models, from these seeds in order. */
const prompts = [
  'a panda in the center, snow background',
  '一只猫在一棵大树的左边，日落背景',
  'a red rocket above a castle, night sky',
  '海滩上的三个椰子',
  'a sailboat on the ocean, pixel art',
  '一只大老虎，红色背景',
  'a small penguin to the right of a tent',
  '雨中的房间里有一把吉他',
] as const;

/** Pixels, multiples of 16. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How one model drew the prompts. */
interface Drawn {
  readonly images: readonly Pixels[];
  /** Milliseconds an image, the model in memory. */
  readonly times: readonly number[];
  /** Of the engine's process at its largest, in bytes; null where the system does not tell. */
  readonly memory: number | null;
}

/** What becomes of images, time and memory when one model takes another's place. */
export interface Loss {
  readonly images: number;
  /** Peak signal-to-noise ratio of the images in decibels. */
  readonly median: number;
  readonly worst: number;
  readonly original: Cost;
  readonly replaced: Cost;
}

export interface Cost {
  /** Seconds an image, the model in memory: the median. */
  readonly seconds: number;
  /** Of the engine's process at its largest, in bytes; null where the system does not tell. */
  readonly memory: number | null;
}

/** Draws the same prompts from the same seeds with both models. */
export async function lossBetween(
  settings: EngineConfig,
  original: ModelEntry,
  replaced: ModelEntry,
  size: Size | null,
): Promise<Loss> {
  const [a, b] = [await draw(settings, original, size), await draw(settings, replaced, size)];
  const distances = a.images.map((image, i) => psnr(image, b.images[i]!)).sort((x, y) => x - y);
  return {
    images: prompts.length,
    median: median(distances),
    worst: distances[0]!,
    original: costOf(a),
    replaced: costOf(b),
  };
}

/** The loss, as the command tells it. */
export function printLoss({ images, median, worst, original, replaced }: Loss): void {
  console.log(`Images  ${images} prompts, same seeds: PSNR median ${decibels(median)}, worst ${decibels(worst)}`);
  console.log(`Original  ${inWords(original)}`);
  console.log(`Quantised ${inWords(replaced)}`);
}

/** In a process of its own, so that its memory is its own. */
async function draw(settings: EngineConfig, model: ModelEntry, size: Size | null): Promise<Drawn> {
  const engine = engineFor({ ...settings, FACE_DETECTOR: undefined }, [model], {
    info() {},
    warn: (message) => console.error(message),
  });
  try {
    await engine.load(model.id);
    const images: Pixels[] = [];
    const times: number[] = [];
    for (const [seed, prompt] of prompts.entries()) {
      const started = performance.now();
      const signal = new AbortController().signal;
      const options = { signal, deadlineMs: settings.JOB_DEADLINE_MS, onEvent() {} };
      const { images: made } = await engine.run(jobOf(model, size ?? model.defaults, prompt, seed), options);
      times.push(performance.now() - started);
      images.push(made[0]!);
    }
    return { images, times, memory: peakMemory(engine.pid) };
  } finally {
    await engine.close();
  }
}

function jobOf({ id, defaults }: ModelEntry, { width, height }: Size, prompt: string, seed: number): GenerateJob {
  const { steps, guidance } = defaults;
  return {
    ...{ operation: 'GENERATE', model: id, width, height, previews: false },
    sampling: { ...unguided, steps, guidance, loras: [] },
    items: [{ prompt: { text: prompt, negative: '' }, seed }],
  };
}

/** Peak signal-to-noise ratio of two images in decibels; infinite when they are equal. */
export function psnr(a: Pixels, b: Pixels): number {
  let sum = 0;
  for (const [i, value] of a.data.entries()) sum += (value - b.data[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.data.length));
}

/** What Linux noted as the process's largest resident size. */
function peakMemory(pid: number | undefined): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

function median(ascending: readonly number[]): number {
  const middle = ascending.length / 2;
  return (ascending[Math.floor(middle)]! + ascending[Math.ceil(middle) - 1]!) / 2;
}

function decibels(value: number): string {
  return `${value.toFixed(1)} dB`;
}

function costOf({ times, memory }: Drawn): Cost {
  return { seconds: median([...times].sort((x, y) => x - y)) / 1000, memory };
}

function inWords({ seconds, memory }: Cost): string {
  const peak = memory === null ? '' : `, ${(memory / 2 ** 20).toFixed(0)} MiB of memory at most`;
  return `${seconds.toFixed(2)} s an image${peak}`;
}
