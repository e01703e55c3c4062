import { setTimeout as sleep } from 'node:timers/promises';
import { CheckpointError } from '../../checkpoint/index.js';
import type { ModelEntry } from '../../domain/model-entry.js';
import type { Seen } from '../../domain/seen.js';
import { unlessAborted } from '../../environment/unless-aborted.js';
import type { EngineConfig } from '../config.js';
import type { Device, DeviceChoice, Engine, EngineEvent, EngineJob, EngineResult, RunOptions } from '../engine.js';
import { DeadlineExceeded, EngineLost, FilesChanged, FilesUnusable, NonFinite } from '../problems.js';
import type { Failure } from './messages.js';
import { type EngineLog, EngineNotStarted, EngineProcess, type EngineRequest } from './supervisor.js';

export interface EngineOptions {
  readonly catalog: readonly ModelEntry[];
  readonly device: 'auto' | Device;
  /** Bytes that models and their working memory may take together; the least recently used components are closed first. */
  readonly memoryBudgetBytes: number;
  /** Bytes of encoded prompts that are kept for further seeds; 0 keeps none. */
  readonly promptCacheBytes: number;
  /** Items of one call of the model at most, of which a guided image is two; null is the device's default. */
  readonly maxBatch: number | null;
  /** The file of a face detector, for refinements that find their regions themselves. */
  readonly faceDetector?: string | undefined;
  /** Threads of one operator. */
  readonly threads: number;
  /** A process that says nothing for so long while it works is ended and started again. */
  readonly watchdogMs: number;
  /** Interval of pings to an idle process; one that has not answered by the next ping is ended. Left out, 5 seconds. */
  readonly pingMs?: number;
  /** Versions of the files that a job needs; left out, any version is used. @throws FilesChanged, CheckpointError */
  readonly seen?: ((job: EngineJob) => Promise<Seen>) | undefined;
  readonly log: EngineLog;
}

/** An engine with the id of its process. */
export interface HostedEngine extends Engine {
  /** Of the process that lives now. */
  readonly pid: number | undefined;
}

const LONGEST_PAUSE_MS = 30_000;
const PING_MS = 5000;

/** Starts the engine that the environment asks for. */
export function engineFor(
  settings: EngineConfig,
  catalog: readonly ModelEntry[],
  log: EngineLog,
  seen?: EngineOptions['seen'],
): HostedEngine {
  return createEngine({
    catalog,
    device: settings.ENGINE_DEVICE,
    memoryBudgetBytes: settings.ENGINE_MEMORY,
    promptCacheBytes: settings.PROMPT_CACHE_BYTES,
    maxBatch: settings.ENGINE_BATCH,
    faceDetector: settings.FACE_DETECTOR,
    threads: settings.ENGINE_THREADS,
    watchdogMs: settings.ENGINE_WATCHDOG_MS,
    pingMs: settings.ENGINE_PING_MS,
    seen,
    log,
  });
}

/** Starts an engine in a process of its own, which is started again whenever it ends. */
export function createEngine(options: EngineOptions): HostedEngine {
  return new EngineHost(options);
}

class EngineHost implements HostedEngine {
  readonly #options: EngineOptions;
  readonly #closing = new AbortController();
  /** The process that lives, or the attempt to start one. */
  #process: Promise<EngineProcess>;
  #living: EngineProcess | null = null;
  /** Ends in a row without an answered request between them. */
  #ends = 0;
  /** What the first process chose. */
  #device: Device | null = null;
  #loaded: readonly string[] = [];
  /** Models that `load` was called for: a new process loads them again. */
  readonly #wanted = new Set<string>();
  /** Settles when the process has no request: they are sent one at a time. */
  #idle: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#process = this.#start();
  }

  get pid(): number | undefined {
    return this.#living?.pid;
  }

  async ready(): Promise<DeviceChoice> {
    return (await this.#process).ready();
  }

  loaded(): readonly string[] {
    return this.#loaded;
  }

  load(model: string): Promise<void> {
    this.#wanted.add(model);
    return this.#oneAtATime(async () => {
      const { result } = await this.#order(await this.#process, { type: 'load', model }, () => {}).reply;
      if ('failure' in result) throw problem(result.failure);
    });
  }

  async run(job: EngineJob, { signal, deadlineMs, onEvent }: RunOptions): Promise<EngineResult> {
    const stop = new AbortController();
    const stopped = stop.signal;
    const leave = () => stop.abort(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    // The caller is answered as soon as the job is to stop; the next job starts when the process is idle again, or has ended.
    const work = this.#oneAtATime(async () => {
      stopped.throwIfAborted();
      const timer = setTimeout(() => stop.abort(tooLate(deadlineMs)), deadlineMs);
      try {
        const process = await unlessAborted(stopped, this.#process).catch(lost);
        stopped.throwIfAborted();
        const seen = await unlessAborted(stopped, this.#seen(job));
        const order = this.#order(process, { type: 'run', job, seen }, (event) => {
          if (!stopped.aborted) onEvent(event);
        });
        stopped.addEventListener('abort', order.abort, { once: true });
        return await order.reply;
      } finally {
        clearTimeout(timer);
      }
    });
    const { result } = await unlessAborted(stopped, work).finally(() => signal.removeEventListener('abort', leave));
    if ('failure' in result) throw problem(result.failure);
    return result.result!;
  }

  async close(): Promise<void> {
    this.#closing.abort(new EngineLost('The engine is closed.'));
    this.#living?.kill('the engine was closed');
    await this.#living?.ended;
  }

  async #seen(job: EngineJob): Promise<Seen | null> {
    try {
      return (await this.#options.seen?.(job)) ?? null;
    } catch (error) {
      if (error instanceof CheckpointError) throw new FilesUnusable(error.message, error.fault, error.name);
      throw error;
    }
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#idle.then(() => {
      this.#closing.signal.throwIfAborted();
      return work();
    });
    this.#idle = mine.catch(() => {});
    return mine;
  }

  #order(process: EngineProcess, order: EngineRequest, onEvent: (event: EngineEvent) => void) {
    const { reply, abort } = process.order(order, onEvent);
    const noted = reply.then((answer) => {
      this.#ends = 0;
      this.#loaded = answer.loaded;
      return answer;
    });
    return { reply: noted, abort };
  }

  /** Starts a process and, when it ends, the next: the first two at once, later ones after growing delays. */
  #start(): Promise<EngineProcess> {
    const starting = (async () => {
      const { watchdogMs, pingMs = PING_MS, log, seen: _, ...settings } = this.#options;
      const { signal } = this.#closing;
      if (this.#ends > 1) await sleep(Math.min(LONGEST_PAUSE_MS, 125 * 2 ** this.#ends), undefined, { signal });
      signal.throwIfAborted();
      // Devices differ in the last bits, and images of one fingerprint are made on one device.
      const device = this.#device ?? settings.device;
      const process = new EngineProcess({ ...settings, device }, { watchdogMs, pingMs, log });
      this.#living = process;
      void process.ended.then((sentence) => this.#restart(sentence));
      const { device: chosen, reason } = await process.ready();
      this.#device = chosen;
      log.info(`The engine is ready. ${reason}`);
      return process;
    })();
    // Callers that await the process get the rejection; without one it must not count as unhandled.
    starting.catch(() => {});
    return starting;
  }

  #restart(sentence: string): void {
    this.#living = null;
    this.#loaded = [];
    if (this.#closing.signal.aborted) return;
    this.#options.log.warn(`${sentence} It is started again.`);
    this.#ends++;
    this.#process = this.#start();
    for (const model of this.#wanted)
      this.load(model).catch((error: Error) => {
        // The end of a process says nothing about its models: the next one is given them.
        if (error instanceof EngineLost || error instanceof EngineNotStarted) return;
        // A model that cannot be loaded is not tried again until a job asks for it.
        this.#wanted.delete(model);
        this.#options.log.warn(`The model "${model}" was not loaded again: ${error.message}`);
      });
  }
}

function tooLate(deadlineMs: number): DeadlineExceeded {
  return new DeadlineExceeded(`The job took longer than the ${deadlineMs} ms that it may take.`);
}

/** The error of a job whose process did not start. */
function lost(error: unknown): never {
  throw error instanceof EngineNotStarted ? new EngineLost("The engine's process could not be started.") : error;
}

/** The error that a failure was in the engine's process. */
function problem(failure: Failure): Error {
  if (failure.kind === 'non-finite') return new NonFinite(failure.message, failure.step);
  if (failure.kind === 'changed') return new FilesChanged(failure.what);
  if (failure.kind === 'unusable') return new FilesUnusable(failure.message, failure.fault, failure.name);
  if (failure.kind === 'aborted') return new EngineLost('The engine stopped the job although no abort was sent.');
  return Object.assign(new Error(failure.message), { name: failure.name });
}
