import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { sibling } from '../../environment/sibling.js';
import { isDamage, RECORDS_ENDED } from '../disk/disk-errors.js';
import { StoreUnusable } from '../unusable.js';
import type { Call, Parameter, Reply, Row, StatementName } from './statements.js';

interface Asked extends Call {
  resolve(rows: readonly Row[]): void;
  reject(error: Error): void;
}

/**
 * Statements for the thread that owns the database. One batch is on its way at a time; what is asked meanwhile goes together
 * in the next, so that many callers share one write to the disk (group commit) and nobody waits for more than two.
 */
export class SqlThread {
  readonly #worker: Worker;
  #asked: Asked[] = [];
  #underWay: Asked[] | null = null;
  #closing = false;
  #dead: Error | null = null;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (replies: readonly Reply[]) => this.#receive(replies));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('The thread of the records has ended.')));
    // An idle thread keeps no program alive.
    worker.unref();
  }

  /** Whether the thread answers. */
  get alive(): boolean {
    return this.#dead === null;
  }

  /** @throws StoreUnusable */
  static async open(file: string): Promise<SqlThread> {
    const worker = new Worker(sibling(import.meta.url, 'sql-worker'), { workerData: { file } });
    const [first] = (await once(worker, 'message')) as ['open' | { code: string; message: string }];
    if (first === 'open') return new SqlThread(worker);
    throw new StoreUnusable(refusal(file, first));
  }

  ask(name: StatementName, ...parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== null || this.#closing) {
        reject(this.#dead ?? new Error('The records are closed.'));
        return;
      }
      this.#asked.push({ name, parameters, resolve, reject });
      // At the end of the turn, so that what is asked together travels together.
      if (this.#asked.length === 1 && this.#underWay === null) queueMicrotask(() => this.#send());
    });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const exited = once(this.#worker, 'exit');
    if (this.#underWay === null && this.#asked.length === 0) this.#worker.postMessage(null);
    this.#worker.ref();
    if (this.#dead === null) await exited;
  }

  #send(): void {
    if (this.#underWay !== null || this.#asked.length === 0) return;
    this.#underWay = this.#asked;
    this.#asked = [];
    this.#worker.ref();
    this.#worker.postMessage(this.#underWay.map(({ name, parameters }) => ({ name, parameters })));
  }

  #receive(replies: readonly Reply[]): void {
    const batch = this.#underWay ?? [];
    this.#underWay = null;
    this.#send();
    if (this.#underWay === null) {
      if (this.#closing) this.#worker.postMessage(null);
      else this.#worker.unref();
    }
    for (const [i, reply] of replies.entries()) {
      if ('rows' in reply) batch[i]?.resolve(reply.rows);
      else batch[i]?.reject(Object.assign(new Error(reply.error), { code: reply.code }));
    }
  }

  #fail(error: Error): void {
    this.#dead ??= Object.assign(new Error(error.message, { cause: error }), { code: RECORDS_ENDED });
    for (const { reject } of [...(this.#underWay ?? []), ...this.#asked]) reject(this.#dead);
    this.#underWay = null;
    this.#asked = [];
  }
}

function refusal(file: string, { code, message }: { readonly code: string; readonly message: string }): string {
  if (code.startsWith('SQLITE_BUSY'))
    return `${file} is in use by another process: every process needs a DATA_DIR of its own.`;
  if (isDamage({ code }))
    return `${file} cannot be opened: it is damaged; put back a copy of it, or move it and the files beside it away to begin with no records.`;
  return `${file} cannot be opened: ${message}.`;
}
