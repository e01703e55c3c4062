import type { JobEvent } from '../../domain/job.js';
import type { RedisLink } from '../../stores/redis/redis.js';
import { isLast, loadRun, readMessage, type Told } from './run-events.js';
import { SCOPE } from './scope.js';

type OnEvent = (event: JobEvent) => void;

/** A run for which generations of this process wait: what is published, and on a gap what is stored. */
export class FollowedRun {
  readonly id: string;
  /** What it has told, without the previews of all steps but the last. */
  readonly history: JobEvent[] = [];
  readonly waiters = new Map<string, OnEvent>();
  /** Generations that are about to wait. */
  pins = 0;
  /** What was last told. */
  position = -1;
  ended = false;
  readonly #link: RedisLink;
  readonly #onGone: () => void;
  #n = 0;
  #repairing: Promise<void> | null = null;
  #repairAgain = false;
  #stop: (() => void) | null = null;
  #closed = false;

  /** @param onGone told when there is no such run any more, although it has not ended */
  constructor(id: string, link: RedisLink, onGone: () => void) {
    this.id = id;
    this.#link = link;
    this.#onGone = onGone;
  }

  /** Resolves when everything told so far is in the history. */
  async open(): Promise<void> {
    const stop = await this.#link.channels.listen(`${SCOPE}:run:${this.id}`, {
      onMessage: (message) => this.#hear(readMessage(message)),
      onGap: () => void this.repair(),
    });
    if (this.#closed) stop();
    else this.#stop = stop;
    await this.repair();
  }

  get isIdle(): boolean {
    return this.waiters.size + this.pins === 0;
  }

  close(): void {
    this.#closed = true;
    this.#stop?.();
    this.#stop = null;
  }

  tell(event: JobEvent): void {
    const last = this.history.findLastIndex(({ type }) => type === 'step');
    const step = this.history[last];
    if (event.type === 'step' && step?.type === 'step') this.history[last] = { ...step, preview: null };
    this.history.push(event);
    this.ended ||= isLast(event);
    for (const onEvent of [...this.waiters.values()]) onEvent(event);
  }

  /** Reads what was told and not heard. */
  repair(): Promise<void> {
    this.#repairAgain = this.#repairing !== null;
    this.#repairing ??= this.#load().finally(() => {
      this.#repairing = null;
    });
    return this.#repairing;
  }

  async #load(): Promise<void> {
    do {
      this.#repairAgain = false;
      const { told, exists } = await loadRun(this.#link, this.id, this.#n);
      for (const { n, event } of told) this.#next(n, event);
      if (!exists && !this.ended && !this.#closed) this.#onGone();
    } while (this.#repairAgain && !this.ended && !this.#closed);
  }

  #hear({ n, event }: Told): void {
    if (n > this.#n + 1) this.repair().catch(() => {});
    else this.#next(n, event);
  }

  #next(n: number, event: JobEvent): void {
    if (n !== this.#n + 1 || this.ended || this.#closed) return;
    this.#n = n;
    this.tell(event);
    if (this.ended) this.close();
  }
}
