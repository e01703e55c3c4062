// The engine's process: one device, one job at a time, answers in messages. `host.ts` starts it.
import { setImmediate } from 'node:timers/promises';
import { CheckpointError } from '../../checkpoint/index.js';
import type { Seen } from '../../domain/seen.js';
import type { Device, DeviceChoice, EngineEvent, EngineJob, EngineResult } from '../engine.js';
import { type FaceDetector, openFaceDetector } from '../image/faces.js';
import { LoraError } from '../models/loras.js';
import { loadZImage, type ZImage } from '../models/z-image.js';
import { type ProgressReporter, stage } from '../pipelines/progress-reporter.js';
import { PromptCache } from '../pipelines/prompt-cache.js';
import { runPipeline } from '../pipelines/run-pipeline.js';
import { FilesChanged, NonFinite } from '../problems.js';
import { Residency, TooLittleMemory } from '../runtime/residency.js';
import { tryDevice } from '../runtime/session.js';
import { startDevice } from './device.js';
import type { Failure, FromProcess, ProcessSettings, ToProcess } from './messages.js';

class Aborted extends Error {}

/** Silence after which the next pause says that this process lives. */
const SILENCE_MS = 100;

/** Items of one forward where the settings do not say. On the CPU four save a tenth of the time; more save nothing. */
const batches: Readonly<Record<Device, number>> = { cpu: 4, webgpu: 8, 'webgpu-float32': 8, cuda: 16 };

function serve(
  settings: ProcessSettings,
  { device }: DeviceChoice,
  detector: FaceDetector | null,
): (message: ToProcess) => void {
  const residency = new Residency(settings.memoryBudgetBytes);
  /** In order of use, the latest last. */
  const models = new Map<string, ZImage>();
  const promptCache = new PromptCache(settings.promptCacheBytes);
  let faces = detector;
  /** The order that is worked on, and the one that is to stop; they are numbered from 1. */
  let current = 0;
  let aborted = 0;

  /** The model, from memory or from its checkpoint. */
  async function resident(id: string, reporter: ProgressReporter): Promise<ZImage> {
    if (models.get(id)?.unchanged() === false) await forget(id);
    const known = loaded().includes(id) ? models.get(id) : undefined;
    models.delete(id);
    const model = known ?? (await stage('LOAD', () => load(id), reporter));
    models.set(id, model);
    await requireUnchanged(id, model);
    return model;
  }

  /** Whatever was made of files that changed meanwhile is of no use. @throws FilesChanged */
  async function requireUnchanged(id: string, model: ZImage): Promise<void> {
    if (model.unchanged()) return;
    await forget(id);
    throw new FilesChanged(`The model "${id}"`);
  }

  async function forget(id: string): Promise<void> {
    const model = models.get(id);
    models.delete(id);
    await model?.dispose();
  }

  /** The face detector of that file. @throws FilesChanged */
  async function detectorOf(version: string | null): Promise<FaceDetector | null> {
    const { faceDetector: file, threads } = settings;
    if (file === undefined || version === null || faces?.version === version) return faces;
    await faces?.dispose();
    faces = null;
    faces = await openFaceDetector(file, threads);
    if (faces.version !== version) throw new FilesChanged('The face detector');
    return faces;
  }

  async function draw(job: EngineJob, seen: Seen | null, watching: ProgressReporter): Promise<EngineResult> {
    const { model: id, sampling } = job;
    const { loras } = sampling;
    const model = await resident(id, watching);
    if (seen !== null && seen.model !== model.version) throw new FilesChanged(`The model "${id}"`);
    const adapted =
      loras.length === 0 ? model : await stage('LOAD', async () => model.adapted(loras, seen?.loras), watching);
    try {
      return await runPipeline(adapted, job, watching, await detectorOf(seen?.detector ?? null));
    } finally {
      // Also where it failed: of files that are being replaced anything may be read.
      await requireUnchanged(id, model);
    }
  }

  function load(id: string): Promise<ZImage> {
    const entry = settings.catalog.find((candidate) => candidate.id === id);
    if (entry === undefined) throw new Error(`The engine's catalog has no model "${id}".`);
    const { limits, defaults, loras, operations, editModes } = entry;
    return loadZImage(entry.components, {
      device,
      threads: settings.threads,
      limits,
      prompts: operations.includes('GENERATE'),
      instructions: editModes.includes('INSTRUCTION'),
      loras,
      pixels: defaults.width * defaults.height,
      maxBatch: settings.maxBatch ?? batches[device],
      residency,
      promptCache,
      pause,
    });
  }

  /** The model used last, then those that are still ready, most recently used first. */
  function loaded(): readonly string[] {
    const [last, ...others] = [...models].reverse();
    return last === undefined ? [] : [last[0], ...others.flatMap(([id, { ready }]) => (ready ? [id] : []))];
  }

  async function pause(): Promise<void> {
    if (performance.now() - spokeAt > SILENCE_MS) send({ type: 'alive' });
    // A graph blocks this thread while it runs; only here are messages read.
    await setImmediate();
    if (aborted === current) throw new Aborted();
  }

  function reporter(id: number): ProgressReporter {
    return { report: (event: EngineEvent) => send({ type: 'event', id, event }), pause };
  }

  async function answer(id: number, work: () => Promise<EngineResult | null>): Promise<void> {
    current = id;
    try {
      const result = await work();
      send({ type: 'done', id, loaded: loaded(), result });
    } catch (error) {
      send({ type: 'failed', id, loaded: loaded(), failure: describe(error) });
    }
  }

  return (message) => {
    if (message.type === 'ping') send({ type: 'alive' });
    if (message.type === 'abort') aborted = message.id;
    if (message.type === 'load')
      void answer(message.id, async () => {
        await resident(message.model, reporter(message.id));
        return null;
      });
    if (message.type === 'run') void answer(message.id, () => draw(message.job, message.seen, reporter(message.id)));
  };
}

function describe(error: unknown): Failure {
  if (error instanceof Aborted) return { kind: 'aborted' };
  if (error instanceof NonFinite) return { kind: 'non-finite', message: error.message, step: error.step };
  if (error instanceof FilesChanged) return { kind: 'changed', what: error.what };
  if (error instanceof CheckpointError || error instanceof LoraError || error instanceof TooLittleMemory)
    return { kind: 'unusable', name: error.name, message: error.message, fault: error.fault };
  if (error instanceof Error) return { kind: 'error', name: error.name, message: error.message };
  return { kind: 'error', name: 'Error', message: String(error) };
}

/** When the host last heard anything: it takes any word for a sign of life. */
let spokeAt = 0;

function send(message: FromProcess): void {
  spokeAt = performance.now();
  process.send?.(message);
}

// Ctrl-C and a service manager's stop reach the whole group: it is the server that decides when its engine ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The server is gone, however it went.
process.on('disconnect', () => process.exit(0));
process.once('message', async (message: ToProcess) => {
  if (message.type !== 'start') return;
  const { settings } = message;
  try {
    const choice = await startDevice(settings.device, tryDevice);
    const { faceDetector, threads } = settings;
    const faces = faceDetector === undefined ? null : await openFaceDetector(faceDetector, threads);
    process.on('message', serve(settings, choice, faces));
    send({ type: 'ready', choice });
  } catch (error) {
    process.send?.({ type: 'refused', message: (error as Error).message } satisfies FromProcess, () => process.exit(1));
  }
});
