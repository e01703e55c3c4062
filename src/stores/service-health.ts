import { StorageUnavailable } from '../domain/problems.js';
import type { Clock } from '../environment/clock.js';
import { Lookout } from './lookout.js';

export interface ServiceHealthOptions {
  /** By the name of each service: rejects while it cannot be used. */
  readonly probes: Readonly<Record<string, () => Promise<void>>>;
  readonly clock: Clock;
  /** Writes what had to wait. */
  readonly catchUp: () => Promise<void>;
  readonly log: { warn(details: object, message: string): void; error(details: object, message: string): void };
}

/** Milliseconds between two looks at a service that cannot be used. */
const LOOK_EVERY_MS = 1000;
/** Milliseconds for which what was seen holds, however often `/readyz` is asked. */
const FRESH_MS = 1000;
/** Milliseconds after which a service that does not answer cannot be used. */
const PATIENCE_MS = 2000;

/**
 * Whether the services that hold what is stored can be used, learnt from every operation that fails and by looking. While one cannot, it
 * is looked at again and again, so that all goes on by itself when it is back.
 */
export class ServiceHealth {
  readonly #options: ServiceHealthOptions;
  #failed = false;
  readonly #lookout: Lookout;

  constructor(options: ServiceHealthOptions) {
    this.#options = options;
    this.#lookout = new Lookout({
      ...{ clock: options.clock, freshMs: FRESH_MS, everyMs: LOOK_EVERY_MS },
      look: () => this.#look(),
    });
  }

  get writable(): boolean {
    return !this.#failed;
  }

  /** Notes where it fails because of a service. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StorageUnavailable) this.#fail('an operation', error);
      throw error;
    }
  }

  /** Looks whether all can be used, unless that was just done, and waits for the answer. */
  async look(): Promise<boolean> {
    await this.#lookout.look();
    return this.writable;
  }

  close(): void {
    this.#lookout.close();
  }

  async #look(): Promise<void> {
    const { probes, clock, catchUp, log } = this.#options;
    const looks = Object.entries(probes).map(async ([name, probe]) => {
      const error = await within(clock, probe());
      return error === null ? [] : [{ name, error }];
    });
    const [failure] = (await Promise.all(looks)).flat();
    this.#lookout.seen();
    if (failure !== undefined) return this.#fail(failure.name, failure.error);
    if (!this.#failed) return;
    this.#failed = false;
    try {
      await catchUp();
      log.warn({}, 'what is stored elsewhere can be used again');
    } catch (error) {
      this.#fail('what had to wait', error);
    }
  }

  #fail(service: string, error: unknown): void {
    if (!this.#failed) this.#options.log.error({ err: error, service }, 'what is stored elsewhere cannot be used');
    this.#failed = true;
    this.#lookout.again();
  }
}

/** Null where it resolves in time; otherwise why not. */
function within(clock: Clock, work: Promise<void>): Promise<unknown> {
  return new Promise((resolve) => {
    const stop = clock.after(PATIENCE_MS, () => resolve(new Error(`It did not answer within ${PATIENCE_MS} ms.`)));
    const settle = (error: unknown) => {
      stop();
      resolve(error);
    };
    work.then(
      () => settle(null),
      (error) => settle(error ?? new Error('It failed.')),
    );
  });
}
