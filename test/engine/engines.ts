import { afterEach } from 'vitest';
import type { Prompt } from '../../src/domain/prompt.js';
import { type Sampling, unguided } from '../../src/domain/sampling.js';
import type { EngineEvent, EngineJob, GenerateJob, Pixels } from '../../src/engine/engine.js';
import { createEngine, type EngineOptions, type HostedEngine } from '../../src/engine/process/host.js';
import { tinyTurbo } from './checkpoints.js';

const open: HostedEngine[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

/** An engine on the CPU that is closed after the test. */
export function engineWith(options: Partial<EngineOptions> = {}): HostedEngine {
  const engine = createEngine({
    catalog: [tinyTurbo()],
    device: 'cpu',
    memoryBudgetBytes: 2 ** 30,
    promptCacheBytes: 2 ** 24,
    maxBatch: null,
    threads: 1,
    watchdogMs: 20_000,
    log: { info() {}, warn() {} },
    ...options,
  });
  open.push(engine);
  return engine;
}

/** What an image is to show, and what not. */
export function prompt(text: string, negative = ''): Prompt {
  return { text, negative };
}

/** The job sampled in another way. */
export const sampled = <Job extends EngineJob>(what: Job, changes: Partial<Sampling>): Job => ({
  ...what,
  sampling: { ...what.sampling, ...changes },
});

export const job: GenerateJob = {
  operation: 'GENERATE',
  model: 'tiny-turbo',
  width: 64,
  height: 64,
  sampling: { ...unguided, steps: 4, loras: [] },
  items: [{ prompt: prompt('a red house'), seed: 7 }],
  previews: false,
};

/** The job with these things about each of its images. */
export const withItems = (
  what: GenerateJob,
  ...changes: readonly Partial<GenerateJob['items'][number]>[]
): GenerateJob => ({
  ...what,
  items: changes.map((change) => ({ ...what.items[0]!, ...change })),
});

/** A job that takes a good while, so that something can happen meanwhile. */
export const longJob: GenerateJob = sampled({ ...job, width: 512, height: 512 }, { steps: 100 });

export interface RunChanges {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  readonly onEvent?: (event: EngineEvent) => void;
}

export async function run(engine: HostedEngine, what: EngineJob, changes: RunChanges = {}): Promise<Pixels> {
  const { images } = await engine.run(what, {
    signal: new AbortController().signal,
    deadlineMs: 60_000,
    onEvent: () => {},
    ...changes,
  });
  return images[0]!;
}

/** Runs a job and does something after its first step. */
export function runUntilStep(engine: HostedEngine, what: EngineJob, act: () => void, changes: RunChanges = {}) {
  let acted = false;
  return run(engine, what, {
    ...changes,
    onEvent(event) {
      changes.onEvent?.(event);
      if (event.type !== 'step' || acted) return;
      acted = true;
      act();
    },
  });
}
