import { createHash } from 'node:crypto';
import type { DeviceChoice, Engine, EngineJob, Made, Pixels, RunOptions } from '../../src/engine/job.js';

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

  async run(job: EngineJob, { signal, onEvent }: RunOptions): Promise<Made> {
    this.jobs.push(job);
    try {
      return await this.#draw(job, signal, onEvent);
    } catch (error) {
      if (signal.aborted) this.aborted.push(job);
      throw error;
    }
  }

  async #draw(job: EngineJob, signal: AbortSignal, onEvent: RunOptions['onEvent']): Promise<Made> {
    const stage = (stage: 'ENCODE_PROMPT' | 'DENOISE' | 'DECODE') => {
      onEvent({ type: 'stage-started', stage, at: Date.now() });
      return () => onEvent({ type: 'stage-finished', stage, at: Date.now(), durationMs: 1 });
    };
    await this.load(job.model);
    stage('ENCODE_PROMPT')();
    const denoised = stage('DENOISE');
    for (let step = 1; step <= job.steps; step++) {
      signal.throwIfAborted();
      await this.script.beforeStep?.(step, job);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      const preview = this.script.previews === true ? gradient(job, 32, 32) : null;
      const sigma = 1 - step / job.steps;
      onEvent({ type: 'step', at: Date.now(), durationMs: 1, image: 0, step, totalSteps: job.steps, sigma, preview });
    }
    denoised();
    stage('DECODE')();
    const { width, height } = job.operation === 'GENERATE' ? job : job.source;
    return { pictures: [gradient(job, width, height)], regions: [] };
  }
}

function gradient(job: EngineJob, width: number, height: number): Pixels {
  const [r = 0, g = 0, b = 0] = createHash('sha256')
    .update(`${job.prompt}\n${seedOf(job)}\n${job.steps}`)
    .digest();
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

/** Of the first picture. */
export const seedOf = (job: EngineJob) => (job.operation === 'GENERATE' ? job.seeds[0] : job.seed);

/** A door that is shut until it is opened; those who came before wait at it. */
export function door() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, through: () => opened };
}
