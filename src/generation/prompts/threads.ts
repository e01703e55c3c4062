import { fileURLToPath } from 'node:url';
// Keeps a thread, queues its tasks and starts it again where it ends; of the two well-kept pools it is the one without native packages.
import Tinypool from 'tinypool';
import { QueueFull } from '../../domain/problems.js';
import type { TokenCount } from '../../domain/prompt.js';
import { sibling } from '../../environment/sibling.js';
import type { Counted, PromptAdvice } from '../advice/advise.js';
import type { AdviseTask, CountTask } from './worker.js';

/** Characters from which on a prompt is long: none that a model reads to its end is. */
const LONG = 4096;
/** Long prompts that may wait. */
const LONG_WAITING = 64;
/** Milliseconds after which the thread of long prompts, which keeps tokenizers of its own, ends. */
const LONG_IDLE_MS = 30_000;
const RETRY_MS = 2000;

const oneThread = {
  filename: fileURLToPath(sibling(import.meta.url, 'worker')),
  maxThreads: 1,
  concurrentTasksPerWorker: 1,
};

/**
 * Reads prompts beside the event loop: one thread for what people write, and another, started when it is needed, for long prompts, so
 * that short prompts never wait for those.
 */
export class PromptThreads {
  readonly #short = new Tinypool({ ...oneThread, minThreads: 1 });
  readonly #long = new Tinypool({ ...oneThread, minThreads: 0, idleTimeout: LONG_IDLE_MS });

  /** @throws QueueFull, or an Error where the tokenizer cannot be read */
  count(folder: string, maxTokens: number, prompt: string): Promise<TokenCount> {
    return this.#read({ kind: 'count', folder, maxTokens, prompt });
  }

  /** @throws QueueFull */
  advise(prompt: string, counted: Counted): Promise<PromptAdvice> {
    return this.#read({ kind: 'advise', prompt, counted });
  }

  async close(): Promise<void> {
    await Promise.all([this.#short.destroy(), this.#long.destroy()]);
  }

  async #read<T>(task: CountTask | AdviseTask): Promise<T> {
    if (task.prompt.length < LONG) return this.#short.run(task);
    if (this.#long.queueSize >= LONG_WAITING)
      throw new QueueFull(
        `${LONG_WAITING} long prompts are waiting to be read. Try again in ${RETRY_MS / 1000} s.`,
        RETRY_MS,
      );
    return this.#long.run(task);
  }
}
