import { createHash } from 'node:crypto';
import type {
  DeviceChoice,
  Engine,
  EngineJob,
  EngineResult,
  GenerateJob,
  Pixels,
  RunOptions,
} from '../../src/engine/engine.js';
import { stepsOfStrength } from '../../src/engine/pipelines/schedule.js';

/** What a scripted engine does next. */
export interface Script {
  /** Called before every step; a promise holds the step up, an error fails the job. */
  beforeStep?: (step: number, job: EngineJob) => Promise<void> | void;
  previews?: boolean;
}

/**
 * An engine without mathematics, for tests that decide when things happen: a gradient from a hash of prompt and seed, the
 * events of a real one, obedient to its signal.
 */
export class ScriptedEngine implements Engine {
  readonly jobs: EngineJob[] = [];
  readonly aborted: EngineJob[] = [];
  readonly #loaded = new Set<string>();
  script: Script;

  constructor(script: Script = {}) {
    this.script = script;
  }

  async ready(): Promise<DeviceChoice> {
    return { device: 'cpu', reason: 'a test' };
  }

  async load(model: string): Promise<void> {
    this.#loaded.add(model);
  }

  loaded(): readonly string[] {
    return [...this.#loaded];
  }

  async close(): Promise<void> {}

  async run(job: EngineJob, { signal, onEvent }: RunOptions): Promise<EngineResult> {
    this.jobs.push(job);
    try {
      return await this.#draw(job, signal, onEvent);
    } catch (error) {
      if (signal.aborted) this.aborted.push(job);
      throw error;
    }
  }

  async #draw(job: EngineJob, signal: AbortSignal, onEvent: RunOptions['onEvent']): Promise<EngineResult> {
    const stage = (stage: 'ENCODE_PROMPT' | 'DENOISE' | 'DECODE') => {
      onEvent({ type: 'stage-started', stage, at: Date.now() });
      return () => onEvent({ type: 'stage-finished', stage, at: Date.now(), durationMs: 1 });
    };
    await this.load(job.model);
    stage('ENCODE_PROMPT')();
    const denoised = stage('DENOISE');
    const items = itemsOf(job);
    const totalSteps = forwardsOf(job);
    for (let step = 1; step <= totalSteps; step++) {
      signal.throwIfAborted();
      await this.script.beforeStep?.(step, job);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      const sigma = 1 - step / totalSteps;
      for (const [image, item] of items.entries()) {
        const preview = this.script.previews === true ? gradient(job, item, 32, 32) : null;
        onEvent({ type: 'step', at: Date.now(), durationMs: 1, image, step, totalSteps, sigma, preview });
      }
    }
    denoised();
    stage('DECODE')();
    const { width, height } = job.operation === 'GENERATE' ? job : job.source;
    const regions = job.operation === 'REFINE' ? (job.regions ?? [found]) : [];
    return { images: itemsOf(job).map((item) => gradient(job, item, width, height)), regions };
  }
}

/** What it finds in every image. */
export const found = { x: 8, y: 16, width: 24, height: 32 };

const forwardsOf = (job: EngineJob) =>
  job.operation === 'EDIT' && job.strength !== null
    ? stepsOfStrength(job.sampling.steps, job.strength)
    : job.sampling.steps;

function gradient(job: EngineJob, { prompt, seed }: Item, width: number, height: number): Pixels {
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(`${prompt.text}\n${seed}\n${job.sampling.steps}`).digest();
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      data[at] = (r + (x * 255) / width) & 255;
      data[at + 1] = (g + (y * 255) / height) & 255;
      data[at + 2] = b;
    }
  }
  return { width, height, data };
}

type Item = GenerateJob['items'][number];
const itemsOf = (job: EngineJob): readonly Item[] => (job.operation === 'GENERATE' ? job.items : [job]);

export const seedsOf = (job: EngineJob) => itemsOf(job).map(({ seed }) => seed);
/** Of the first image. */
export const seedOf = (job: EngineJob) => seedsOf(job)[0];

/** A door that is shut until it is opened; those who came before wait at it. `reached` resolves when the first of them stands there. */
export function door() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrive: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const through = () => {
    arrive();
    return opened;
  };
  return { open, through, reached };
}
