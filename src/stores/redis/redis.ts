import { Redis } from 'ioredis';
import { readRedisAddress } from './address.js';
import { Channels } from './channels.js';

/** What hears of outages. */
export interface RedisReport {
  warn(message: string): void;
  info(message: string): void;
}

export interface RedisOptions {
  readonly report: RedisReport;
  /** Milliseconds after which a command whose answer is awaited is given up. */
  readonly answerMs?: number;
}

/** Redis did not answer in time. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
  constructor() {
    super('Redis does not answer.');
  }
}

const ANSWER_MS = 3000;

/** The two connections of a process: one for commands, one that hears what is published. Both come back by themselves. */
export class RedisLink {
  readonly commands: Redis;
  readonly channels: Channels;
  readonly prefix: string;
  readonly url: string;
  readonly #subscriber: Redis;
  readonly #answerMs: number;

  constructor(queueUrl: string, { report, answerMs = ANSWER_MS }: RedisOptions) {
    const { url, prefix } = readRedisAddress(queueUrl);
    this.url = url;
    this.prefix = prefix;
    this.#answerMs = answerMs;
    this.commands = connect(url, report);
    this.#subscriber = connect(url, report);
    this.channels = new Channels(this.#subscriber, prefix);
  }

  key(...parts: readonly string[]): string {
    return `${this.prefix}:${parts.join(':')}`;
  }

  /** @throws RedisUnavailable when the answer takes too long: a command waits for as long as an outage lasts */
  async answered<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisUnavailable()), this.#answerMs);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  /** Whether it answers now. */
  async alive(): Promise<boolean> {
    return this.answered(this.commands.ping()).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#subscriber.disconnect();
    this.commands.disconnect();
  }
}

/** A connection that keeps trying, says once when it is lost and once when it is back. */
export function connect(url: string, { warn, info }: RedisReport): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * times, 1000),
    autoResubscribe: false,
  });
  let lost = false;
  redis.on('error', (error: Error) => {
    if (!lost) warn(`Redis cannot be reached: ${error.message}.`);
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) info('Redis can be reached again.');
    lost = false;
  });
  return redis;
}
