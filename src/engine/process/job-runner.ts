import { setImmediate } from 'node:timers/promises';
import type { Seen } from '../../domain/seen.js';
import type { Device, EngineJob, EngineResult } from '../engine.js';
import { type FaceDetector, openFaceDetector } from '../image/faces.js';
import { ZImage } from '../models/z-image.js';
import { type ProgressReporter, stage } from '../pipelines/progress-reporter.js';
import { PromptCache } from '../pipelines/prompt-cache.js';
import { runPipeline } from '../pipelines/run-pipeline.js';
import { FilesChanged } from '../problems.js';
import { Residency } from '../runtime/residency.js';
import { describe } from './failure.js';
import type { FromProcess, ProcessSettings, ToProcess } from './messages.js';

/** The host asked that the job stop. */
export class Aborted extends Error {}

/** How messages leave this process. */
export interface Outbox {
  send(message: FromProcess): void;
  /** Says that this process lives, where nothing was sent lately. */
  showLife(): void;
}

/** Items of one call of the model where the settings do not say. On the CPU four save a tenth of the time; more save nothing. */
const batches: Readonly<Record<Device, number>> = { cpu: 4, webgpu: 8, 'webgpu-float32': 8, cuda: 16 };

/** Runs what the host asks for, one job at a time, and keeps the models in memory meanwhile. */
export class JobRunner {
  readonly #settings: ProcessSettings;
  readonly #device: Device;
  readonly #outbox: Outbox;
  readonly #residency: Residency;
  readonly #promptCache: PromptCache;
  /** In order of use, the latest last. */
  readonly #models = new Map<string, ZImage>();
  #faces: FaceDetector | null;
  /** The request that is worked on, and the one that is to stop; they are numbered from 1. */
  #current = 0;
  #aborted = 0;

  constructor(settings: ProcessSettings, device: Device, faces: FaceDetector | null, outbox: Outbox) {
    this.#settings = settings;
    this.#device = device;
    this.#faces = faces;
    this.#outbox = outbox;
    this.#residency = new Residency(settings.memoryBudgetBytes);
    this.#promptCache = new PromptCache(settings.promptCacheBytes);
  }

  receive(message: ToProcess): void {
    if (message.type === 'ping') this.#outbox.send({ type: 'alive' });
    if (message.type === 'abort') this.#aborted = message.id;
    if (message.type === 'load')
      void this.#answer(message.id, async () => {
        await this.#model(message.model, this.#reporter(message.id));
        return null;
      });
    if (message.type === 'run')
      void this.#answer(message.id, () => this.#run(message.job, message.seen, this.#reporter(message.id)));
  }

  async #answer(id: number, work: () => Promise<EngineResult | null>): Promise<void> {
    this.#current = id;
    try {
      const result = await work();
      this.#outbox.send({ type: 'done', id, loaded: this.#loaded(), result });
    } catch (error) {
      const failure = error instanceof Aborted ? ({ kind: 'aborted' } as const) : describe(error);
      this.#outbox.send({ type: 'failed', id, loaded: this.#loaded(), failure });
    }
  }

  async #run(job: EngineJob, seen: Seen | null, reporter: ProgressReporter): Promise<EngineResult> {
    const { model: id, sampling } = job;
    const { loras } = sampling;
    const model = await this.#model(id, reporter);
    if (seen !== null && seen.model !== model.version) throw new FilesChanged(`The model "${id}"`);
    const adapted =
      loras.length === 0 ? model : await stage('LOAD', async () => model.adapted(loras, seen?.loras), reporter);
    try {
      return await runPipeline(adapted, job, reporter, await this.#faceDetector(seen?.detector ?? null));
    } finally {
      // Also where it failed: of files that are being replaced anything may be read.
      await this.#requireUnchanged(id, model);
    }
  }

  /** The model, from memory or from its checkpoint. */
  async #model(id: string, reporter: ProgressReporter): Promise<ZImage> {
    if (this.#models.get(id)?.isUnchanged() === false) await this.#forget(id);
    const known = this.#loaded().includes(id) ? this.#models.get(id) : undefined;
    this.#models.delete(id);
    const model = known ?? (await stage('LOAD', () => this.#load(id), reporter));
    this.#models.set(id, model);
    await this.#requireUnchanged(id, model);
    return model;
  }

  #load(id: string): Promise<ZImage> {
    const { catalog, threads, maxBatch } = this.#settings;
    const entry = catalog.find((candidate) => candidate.id === id);
    if (entry === undefined) throw new Error(`The engine's catalog has no model "${id}".`);
    const { limits, defaults, loras, operations, editModes } = entry;
    return ZImage.load(entry.components, {
      device: this.#device,
      threads,
      limits,
      prompts: operations.includes('GENERATE'),
      instructions: editModes.includes('INSTRUCTION'),
      loras,
      pixels: defaults.width * defaults.height,
      maxBatch: maxBatch ?? batches[this.#device],
      residency: this.#residency,
      promptCache: this.#promptCache,
      throwIfAborted: () => this.#throwIfAborted(),
    });
  }

  /** What was made of files that changed meanwhile is of no use. @throws FilesChanged */
  async #requireUnchanged(id: string, model: ZImage): Promise<void> {
    if (model.isUnchanged()) return;
    await this.#forget(id);
    throw new FilesChanged(`The model "${id}"`);
  }

  async #forget(id: string): Promise<void> {
    const model = this.#models.get(id);
    this.#models.delete(id);
    await model?.dispose();
  }

  /** The face detector of that file. @throws FilesChanged */
  async #faceDetector(version: string | null): Promise<FaceDetector | null> {
    const { faceDetector: file, threads } = this.#settings;
    if (file === undefined || version === null || this.#faces?.version === version) return this.#faces;
    await this.#faces?.dispose();
    this.#faces = null;
    this.#faces = await openFaceDetector(file, threads);
    if (this.#faces.version !== version) throw new FilesChanged('The face detector');
    return this.#faces;
  }

  /** The model used last, then those that are still ready, most recently used first. */
  #loaded(): readonly string[] {
    const [last, ...others] = [...this.#models].reverse();
    return last === undefined ? [] : [last[0], ...others.flatMap(([id, { isReady }]) => (isReady ? [id] : []))];
  }

  #reporter(id: number): ProgressReporter {
    return {
      report: (event) => this.#outbox.send({ type: 'event', id, event }),
      throwIfAborted: () => this.#throwIfAborted(),
    };
  }

  /** Yields to messages, which are read only here because a graph blocks this thread while it runs. @throws Aborted */
  async #throwIfAborted(): Promise<void> {
    this.#outbox.showLife();
    await setImmediate();
    if (this.#aborted === this.#current) throw new Aborted();
  }
}
