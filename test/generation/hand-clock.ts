import type { Clock } from '../../src/environment/clock.js';

/** Time that stands still until a test moves it. */
export class HandClock implements Clock {
  #now = 1_800_000_000_000;
  readonly #alarms = new Set<{ at: number; callback: () => void }>();

  /** Alarms that are set. */
  get waiting(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { at: this.#now + ms, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const alarm of [...this.#alarms]) {
      if (alarm.at > this.#now) continue;
      this.#alarms.delete(alarm);
      alarm.callback();
    }
  }
}
