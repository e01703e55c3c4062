import type { JobEvent } from '../../src/domain/job.js';
import { EngineLost } from '../../src/engine/problems.js';
import type { Task, Worker } from '../../src/jobs/queue.js';

/** A worker that runs jobs until it is told how they end. */
export class HeldWorker implements Worker {
  readonly batch: number;
  /** Every task that it was ever given. */
  readonly seen: Task[] = [];
  readonly #models: readonly string[];
  readonly #held = new Map<string, Task>();
  #end: { resolve(): void; reject(error: unknown): void } | null = null;

  constructor({ models = [], batch = 1 }: { models?: readonly string[]; batch?: number } = {}) {
    this.#models = models;
    this.batch = batch;
  }

  /** Fingerprints of what it has in hand. */
  get running(): string[] {
    return [...this.#held.keys()];
  }

  loaded(): readonly string[] {
    return this.#models;
  }

  run(tasks: readonly Task[]): Promise<void> {
    this.seen.push(...tasks);
    for (const task of tasks) {
      this.#held.set(task.job.fingerprint, task);
      task.signal.addEventListener('abort', () => this.#drop(task.job.fingerprint));
    }
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  }

  tell(fingerprint: string, event: JobEvent): void {
    this.#held.get(fingerprint)!.emit(event);
  }

  finish(fingerprint: string): void {
    const image = { id: `image ${fingerprint}`, fingerprint, seed: 7, width: 64, height: 64, thumbhash: '', bytes: 1 };
    this.tell(fingerprint, { type: 'finished', image: { ...image, regions: [] } });
    this.#drop(fingerprint);
  }

  /** The forward fails. */
  fail(error: unknown = new Error('failed')): void {
    this.#held.clear();
    this.#end!.reject(error);
  }

  /** Its engine dies. */
  lose(): void {
    this.fail(new EngineLost('The engine ended.'));
  }

  #drop(fingerprint: string): void {
    this.#held.delete(fingerprint);
    if (this.#held.size === 0) this.#end!.resolve();
  }
}
