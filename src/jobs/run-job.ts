import { randomUUID } from 'node:crypto';
import type { ComputedBy } from '../domain/canonical.js';
import type { ImageRecord } from '../domain/image.js';
import type { ProblemRecord } from '../domain/problem.js';
import type { Stage } from '../domain/stage.js';
import type { Engine, EngineEvent, Pixels, Region } from '../engine/engine.js';
import { FilesChanged } from '../engine/problems.js';
import { encodeMaster } from '../images/master.js';
import { addressOf, type ImageStore } from '../stores/images/image-store.js';
import { ImageSpan } from '../telemetry/spans.js';
import { engineJob, type InputImageStore } from './engine-job.js';
import { inOrder } from './in-order.js';
import type { Patience } from './patience.js';
import type { Task } from './queue.js';

/** Finished images by fingerprint. */
export interface ImageRecords {
  /** Null where it must be made. */
  find(fingerprint: string): Promise<ImageRecord | null>;
  /**
   * Resolves when it is durable, with the record that stands: the first of a fingerprint wins, unless its image is gone or is to be
   * replaced.
   */
  save(record: ImageRecord, replace: boolean): Promise<ImageRecord>;
}

export interface RunParts {
  readonly engine: Pick<Engine, 'run'>;
  readonly inputs: InputImageStore;
  readonly images: ImageStore;
  readonly records: ImageRecords;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A failure as the waiters' generations store it. */
  readonly problemOf: (error: unknown) => ProblemRecord;
  /** How long an outage of the stores is waited for. */
  readonly patience: Patience;
  /** Where durations are counted, in milliseconds. */
  readonly measures: JobMeasures;
  /** What decides the last bits here: images that were asked for of another are not made. Left out, all are. */
  readonly computedBy?: ComputedBy | undefined;
}

export interface JobMeasures {
  job(durationMs: number, of: { model: string; outcome: JobOutcome }): void;
  stage(durationMs: number, of: { stage: Stage }): void;
}

/** `found`: the image was stored already. */
export type JobOutcome = 'finished' | 'failed' | 'cancelled' | 'found';

/** A task with its span. */
interface Traced extends Task {
  readonly span: ImageSpan;
  /** Ends its span and counts it, once. */
  readonly end: (outcome: JobOutcome, problem?: string) => void;
}

/**
 * What every worker does with compatible jobs: look the fingerprints up → load input images → run the engine → encode → store the
 * images → save their records; events are emitted on the way. Running a job twice is harmless.
 *
 * @throws what kept all images from being made, such as an EngineProblem or SourceGone
 */
export async function runJobs(tasks: readonly Task[], parts: RunParts): Promise<void> {
  const started = tasks.map((task) => begin(task, parts));
  try {
    const missing = refuseOthers(await lookUp(started, parts), parts);
    if (missing.length === 0) return;
    const { images, regions } = await make(missing, parts);
    await Promise.all(missing.map((task, i) => finish(task, images[i]!, regions, parts)));
  } catch (error) {
    for (const { end, signal } of started)
      if (signal.aborted) end('cancelled');
      else end('failed', (error as Error).message);
    throw error;
  }
}

function begin(task: Task, { now, measures }: RunParts): Traced {
  const { job, addedAt } = task;
  const at = now();
  const span = ImageSpan.under(job.traceparent, addedAt, { 'inkstone.fingerprint': job.fingerprint });
  span.stageStarted('QUEUE', addedAt);
  span.stageFinished('QUEUE', at);
  task.emit({ type: 'started', at, traceparent: span.traceparent });
  let over = false;
  const end: Traced['end'] = (outcome, problem) => {
    if (over) return;
    over = true;
    span.end(now(), problem ?? (outcome === 'cancelled' ? outcome : null));
    measures.job(now() - at, { model: job.image.model, outcome });
  };
  const { attempt, signal } = task;
  return { job, attempt, addedAt, signal, emit: (event) => task.emit(event), span, end };
}

/** Finishes the tasks whose images are stored already, and returns the others. */
async function lookUp(tasks: readonly Traced[], { records, patience }: RunParts): Promise<readonly Traced[]> {
  const found = await Promise.all(
    tasks.map(({ job, signal }) => (job.reuse ? patience(() => records.find(job.fingerprint), signal) : null)),
  );
  return tasks.filter(({ emit, end }, i) => {
    const image = found[i] ?? null;
    if (image === null) return true;
    end('found');
    emit({ type: 'finished', image });
    return false;
  });
}

/** Fails those that another device or runtime was asked for, such as before an upgrade: what is made here has another fingerprint. */
function refuseOthers(tasks: readonly Traced[], { computedBy, problemOf }: RunParts): readonly Traced[] {
  if (computedBy === undefined) return tasks;
  const received = inWords(computedBy);
  return tasks.filter(({ job, emit, end }) => {
    const expected = inWords(job.image);
    if (expected === received) return true;
    const error = new FilesChanged('What computes', { expected, received });
    end('failed', error.message);
    emit({ type: 'failed', problem: problemOf(error) });
    return false;
  });
}

const inWords = ({ device, runtime }: ComputedBy) => `${device} ${runtime}`.trim();

async function make(tasks: readonly Traced[], { engine, inputs, measures, patience }: RunParts) {
  const signal = whenAllAborted(tasks.map(({ signal }) => signal));
  const jobs = tasks.map(({ job }) => job);
  const job = await patience(() => engineJob(jobs, inputs), signal);
  const relay = inOrder(teller(tasks));
  // The engine may take so long for each of its images.
  const deadlineMs = tasks.reduce((sum, { job }) => sum + job.deadlineMs, 0);
  try {
    return await engine.run(job, {
      signal,
      deadlineMs,
      onEvent(event) {
        record(event, tasks, measures);
        relay.add(event);
      },
    });
  } finally {
    await relay.done();
  }
}

/** Encodes, stores and records one image. Its failure is its own. */
async function finish(task: Traced, pixels: Pixels, regions: readonly Region[], parts: RunParts): Promise<void> {
  const { job, span, signal, emit, end } = task;
  const { images, records, now, problemOf, patience } = parts;
  if (signal.aborted) return end('cancelled');
  const [stage, key] = ['ENCODE_OUTPUT', randomUUID()] as const;
  const at = now();
  const start = performance.now();
  emit({ type: 'stage-started', stage, at, key });
  span.stageStarted(stage, at);
  try {
    const { png, thumbhash } = await encodeMaster(pixels, job);
    if (signal.aborted) return end('cancelled');
    const { width, height } = pixels;
    const { fingerprint } = job;
    const image = {
      id: await addressOf(png),
      width,
      height,
      thumbhash,
      seed: job.image.seed,
      fingerprint,
      bytes: png.length,
      regions,
    };
    // Both are durable before anyone hears of the image. A record whose file a power cut took is found out when the file is looked for.
    const [, stands] = await Promise.all([
      patience(() => images.put(png), signal),
      patience(() => records.save(image, !job.reuse), signal),
    ]);
    const [finishedAt, durationMs] = [now(), performance.now() - start];
    span.stageFinished(stage, finishedAt);
    parts.measures.stage(durationMs, { stage });
    end('finished');
    emit({ type: 'stage-finished', stage, at: finishedAt, durationMs, key });
    emit({ type: 'finished', image: stands });
  } catch (error) {
    end('failed', (error as Error).message);
    emit({ type: 'failed', problem: problemOf(error) });
  }
}

/** Emits an image's steps to its task, and stages to all tasks. */
function teller(tasks: readonly Traced[]) {
  const call = randomUUID();
  let count = 0;
  return (event: EngineEvent, preview: string | null) => {
    if (event.type === 'step') {
      const { at, step, totalSteps, sigma } = event;
      tasks[event.image]?.emit({ type: 'step', at, step, totalSteps, sigma, preview });
      return;
    }
    const key = `${call}:${count++}`;
    for (const { emit } of tasks) emit({ ...event, key });
  };
}

function record(event: EngineEvent, tasks: readonly Traced[], measures: JobMeasures): void {
  if (event.type === 'step') {
    const attributes = { 'inkstone.step': event.step, 'inkstone.sigma': event.sigma };
    tasks[event.image]?.span.step(event.at, event.durationMs, attributes);
    return;
  }
  if (event.type === 'stage-finished') measures.stage(event.durationMs, { stage: event.stage });
  for (const { span } of tasks) {
    if (event.type === 'stage-started') span.stageStarted(event.stage, event.at);
    else span.stageFinished(event.stage, event.at);
  }
}

/** Aborts when the last of them does. */
function whenAllAborted(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController();
  let left = signals.length;
  const leave = (signal: AbortSignal) => {
    if (--left === 0) all.abort(signal.reason);
  };
  for (const signal of signals) {
    if (signal.aborted) leave(signal);
    else signal.addEventListener('abort', () => leave(signal), { once: true });
  }
  return all.signal;
}
