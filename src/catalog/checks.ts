import { fileURLToPath } from 'node:url';
import Tinypool from 'tinypool';
import type { LoraEntry, ModelEntry } from '../domain/model-entry.js';
import { sibling } from '../environment/sibling.js';
import type { Finding, Machine } from './findings.js';

/** What is checked: a model, or one of its LoRAs. */
export interface Check {
  readonly model: ModelEntry;
  readonly lora: LoraEntry | null;
  readonly machine: Machine;
}

/** Milliseconds after which a thread without checks ends: they are many at the start, and rare afterwards. */
const IDLE_MS = 2000;

/** Checks models and LoRAs on a thread, because each takes up to a second and requests must not wait for it. */
export class Checks {
  readonly #pool = new Tinypool({
    filename: fileURLToPath(sibling(import.meta.url, 'check-worker')),
    ...{ concurrentTasksPerWorker: 1, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_MS },
  });

  /** Empty where it can be used. */
  findings(check: Check): Promise<readonly Finding[]> {
    return this.#pool.run(check);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
