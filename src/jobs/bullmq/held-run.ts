import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, JobEvent } from '../../domain/job.js';
import type { RedisLink } from '../../stores/redis/redis.js';
import type { Task } from '../queue.js';
import type { Delivery } from './bull.js';
import { isLast, split } from './run-events.js';
import { SCOPE } from './scope.js';
import { tell } from './scripts/worker.js';

/** Late joiners read the end of a run that finished so long ago. */
const KEPT_MS = 60_000;
const RETRY_MS = 500;

/** A run in this worker's hands. What it tells is also the question whether it is still wanted. */
export class HeldRun implements Task {
  readonly job: Job;
  readonly addedAt: number;
  attempt: number;
  ended = false;
  readonly #delivery: Delivery;
  readonly #token: string;
  readonly #link: RedisLink;
  readonly #abort = new AbortController();
  #sent = 0;
  #telling: Promise<void> = Promise.resolve();

  constructor(delivery: Delivery, token: string, link: RedisLink, begun: { starts: number; addedAt: number }) {
    this.#delivery = delivery;
    this.#token = token;
    this.#link = link;
    this.job = delivery.data;
    this.attempt = begun.starts;
    this.addedAt = begun.addedAt;
  }

  get id(): string {
    return this.#delivery.id!;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Neither ended nor stopped. */
  get isWanted(): boolean {
    return !this.ended && !this.signal.aborted;
  }

  stop(reason: string): void {
    this.#abort.abort(new Error(reason));
  }

  emit = (event: JobEvent): void => {
    if (!this.isWanted) return;
    this.ended = isLast(event);
    const { bare, preview } = split(event);
    const args = [this.id, this.#token, ++this.#sent, bare, preview, this.ended ? '1' : '', KEPT_MS];
    this.#telling = this.#telling.then(() => this.#tell(args));
  };

  /** Resolves when everything is told. */
  told(): Promise<void> {
    return this.#telling;
  }

  /** BullMQ delivers it no more. */
  async complete(): Promise<void> {
    await this.#delivery.moveToCompleted(null, this.#token, false);
  }

  /** Again where Redis refuses it, as it does where its memory is full. */
  async #tell(args: readonly (string | number)[]): Promise<void> {
    while (!this.signal.aborted) {
      try {
        const answer = await tell.run(this.#link.commands, [this.#link.key(SCOPE, '')], args);
        if (answer === 'stopped') this.stop('Nobody waits for this image from this worker any more.');
        return;
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}
