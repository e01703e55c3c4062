import type { Redis } from 'ioredis';

export interface Listener {
  readonly onMessage: (message: string) => void;
  /** Messages may have been missed: the connection was lost. */
  readonly onGap?: () => void;
}

/** Published messages for any number of listeners over one connection; a channel is subscribed to while anyone listens to it. */
export class Channels {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #listeners = new Map<string, Set<Listener>>();
  #hasBeenReady = false;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = `${prefix}:`;
    redis.on('message', (channel: string, message: string) => {
      for (const { onMessage } of [...(this.#listeners.get(channel) ?? [])]) onMessage(message);
    });
    redis.on('ready', () => this.#subscribeAgain());
  }

  /** Resolves when nothing that is published from now on is missed, with what ends it. */
  async listen(name: string, listener: Listener): Promise<() => void> {
    const channel = this.#prefix + name;
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    await this.#redis.subscribe(channel);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#redis.unsubscribe(channel).catch(() => {});
    };
  }

  #subscribeAgain(): void {
    const channels = [...this.#listeners.keys()];
    const isFirst = !this.#hasBeenReady;
    this.#hasBeenReady = true;
    if (isFirst || channels.length === 0) return;
    const gap = () => {
      for (const channel of channels) for (const { onGap } of this.#listeners.get(channel) ?? []) onGap?.();
    };
    // Another loss of the connection brings this here again.
    this.#redis.subscribe(...channels).then(gap, () => {});
  }
}
