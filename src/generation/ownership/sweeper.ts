import type { Clock } from '../../environment/clock.js';
import type { GenerationStore, StoredGeneration } from '../../stores/generations/generation-store.js';
import type { Ownership } from './ownership.js';

export interface SweeperParts {
  readonly ownership: Ownership;
  readonly store: Pick<GenerationStore, 'unfinished' | 'generations'>;
  readonly clock: Clock;
  /** Takes it over where no other process has done so meanwhile. */
  readonly adopt: (id: string) => Promise<void>;
  readonly failed: (error: unknown, generation: string) => void;
}

/** Looks, now and then, for generations whose owner is gone. */
export class Sweeper {
  readonly #parts: SweeperParts;
  readonly #leaseMs: number;
  /** Ownerless at the last look: after an outage of Redis, owners have until the next to renew their leases. */
  #suspects: ReadonlySet<string> = new Set();
  #stop: (() => void) | null = null;
  #ended = false;

  constructor(leaseMs: number, parts: SweeperParts) {
    this.#leaseMs = leaseMs;
    this.#parts = parts;
    this.#again();
  }

  /** Some process claims it, after a moment that differs between processes. */
  handedOver(id: string): void {
    this.#parts.clock.after(Math.random() * 100, () => {
      if (!this.#ended) void this.#adopt(id);
    });
  }

  end(): void {
    this.#ended = true;
    this.#stop?.();
  }

  #again(): void {
    if (this.#ended) return;
    const ms = (this.#leaseMs / 2) * (0.5 + Math.random());
    this.#stop = this.#parts.clock.after(ms, () => {
      this.#sweep()
        .catch((error) => this.#parts.failed(error, ''))
        .finally(() => this.#again());
    });
  }

  async #sweep(): Promise<void> {
    const { ownership, store, clock } = this.#parts;
    const settled = (await store.unfinished()).filter((stored) => this.#isSettled(stored, clock.now()));
    const ownerless = await ownership.ownerless(settled.map(({ generation }) => generation.id));
    const gone = ownerless.filter((id) => this.#suspects.has(id));
    this.#suspects = new Set(ownerless);
    for (const id of gone) {
      if (this.#ended) return;
      await this.#adopt(id);
    }
  }

  /** One that has just begun is claimed at this moment. */
  #isSettled({ generation }: StoredGeneration, now: number): boolean {
    return now - generation.createdAt > this.#leaseMs;
  }

  async #adopt(id: string): Promise<void> {
    await this.#parts.adopt(id).catch((error) => this.#parts.failed(error, id));
  }
}
