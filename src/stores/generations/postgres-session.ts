import type pg from 'pg';
import { StorageUnavailable } from '../../domain/problems.js';
import type { Clock } from '../../environment/clock.js';
import { isExhausted, isLost } from './postgres-connection.js';
import type { Sql } from './sql-store.js';
import { type Call, type Parameter, type Row, reads, type StatementName, statements } from './statements.js';

export interface PostgresSessionOptions {
  readonly connect: () => Promise<pg.Client>;
  readonly clock: Clock;
  readonly log: { warn(details: object, message: string): void };
}

interface Asked extends Call {
  resolve(rows: readonly Row[]): void;
  reject(error: Error): void;
  /** How often it was sent over a connection that was lost. */
  lost: number;
}

/** Statements of one transaction. */
const BATCH = 200;
/** Milliseconds for which statements wait for a lost connection to come back. */
const PATIENCE_MS = 5000;
/** What loses the connection so often is what loses it. */
const MOST_LOSSES = 3;
const [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 1000];

/** Postgres counts its parameters: `?, ?` → `$1, $2`. */
const numbered = Object.fromEntries(
  Object.entries(statements).map(([name, sql]) => {
    let count = 0;
    return [name, sql.replaceAll('?', () => `$${++count}`)];
  }),
) as Readonly<Record<StatementName, string>>;

/**
 * Statements for Postgres over one connection, which is opened again whenever it is lost. One batch is on its way at a time; what is
 * asked meanwhile goes together in the next, so that many callers share one commit. Every statement may be executed twice to the same
 * effect: what was on its way when the connection was lost is sent again.
 */
export class PostgresSession implements Sql {
  readonly #options: PostgresSessionOptions;
  #client: pg.Client | null = null;
  #asked: Asked[] = [];
  #isBusy = false;
  #lostAt: number | null = null;
  #closed: Promise<void> | null = null;
  #wake = () => {};

  constructor(client: pg.Client, options: PostgresSessionOptions) {
    this.#options = options;
    this.#use(client);
  }

  get alive(): boolean {
    return this.#client !== null;
  }

  ask(name: StatementName, ...parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(new Error('The records are closed.'));
      if (this.#isGivenUp()) return reject(new StorageUnavailable());
      this.#asked.push({ name, parameters, resolve, reject, lost: 0 });
      // At the end of the turn, so that what is asked together travels together.
      if (this.#asked.length === 1) queueMicrotask(() => void this.#send());
    });
  }

  /** Whether Postgres answers now. @throws the error of the connection */
  async probe(): Promise<void> {
    if (this.#client === null) throw new StorageUnavailable();
    await this.#client.query('select 1');
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    while (this.#asked.length > 0 || this.#isBusy) {
      if (this.#client === null && !this.#isBusy) this.#rejectAll();
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #send(): Promise<void> {
    const client = this.#client;
    if (this.#isBusy || client === null || this.#asked.length === 0) return;
    this.#isBusy = true;
    const batch = this.#asked.splice(0, BATCH);
    const left = await execute(client, batch, (error) =>
      this.#options.log.warn({ err: error }, 'Postgres has no room'),
    );
    if (left.length > 0) {
      for (const asked of left) asked.lost++;
      for (const asked of left.filter(({ lost }) => lost >= MOST_LOSSES)) asked.reject(new StorageUnavailable());
      this.#asked.unshift(...left.filter(({ lost }) => lost < MOST_LOSSES));
      this.#lose(client);
    }
    this.#isBusy = false;
    this.#wake();
    void this.#send();
  }

  #use(client: pg.Client): void {
    this.#client = client;
    this.#lostAt = null;
    client.once('error', () => this.#lose(client));
    client.once('end', () => this.#lose(client));
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.#lostAt = this.#options.clock.now();
    client.end().catch(() => {});
    this.#wake();
    if (this.#closed !== null) return;
    this.#options.log.warn({}, 'the connection to Postgres was lost');
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { connect, clock, log } = this.#options;
    for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const client = await connect().catch(() => null);
      if (this.#closed !== null) return void client?.end();
      if (client !== null) {
        this.#use(client);
        log.warn({}, 'Postgres is connected again');
        return this.#send();
      }
      if (this.#isGivenUp()) this.#rejectAll();
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }

  #isGivenUp(): boolean {
    return this.#lostAt !== null && this.#options.clock.now() - this.#lostAt >= PATIENCE_MS;
  }

  #rejectAll(): void {
    for (const { reject } of this.#asked.splice(0)) reject(new StorageUnavailable());
  }
}

/** Resolves with those that were on their way when the connection was lost. A statement takes effect whole or not at all; the others are not to blame. */
async function execute(
  client: pg.Client,
  batch: readonly Asked[],
  exhausted: (error: unknown) => void,
): Promise<Asked[]> {
  const writes = batch.filter(({ name }) => !reads.has(name)).length;
  if (writes > 1) {
    const begin = client.query('begin');
    const results = await Promise.allSettled([
      begin,
      ...batch.map((asked) => query(client, asked)),
      client.query('commit'),
    ]);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.some(isLost)) return [...batch];
    if (failures.length === 0) {
      for (const [i, { resolve }] of batch.entries()) resolve(rowsOf(results[i + 1]!));
      return [];
    }
    // The failure of one took back all: each for itself.
  }
  const results = await Promise.allSettled(batch.map((asked) => query(client, asked)));
  return batch.filter(({ resolve, reject }, i) => {
    const result = results[i]!;
    if (result.status === 'fulfilled') resolve(rowsOf(result));
    else if (isLost(result.reason)) return true;
    else if (isExhausted(result.reason)) {
      exhausted(result.reason);
      reject(new StorageUnavailable());
    } else reject(result.reason);
    return false;
  });
}

const query = (client: pg.Client, { name, parameters }: Asked) =>
  client.query({ name, text: numbered[name], values: [...parameters] });

const rowsOf = (result: PromiseSettledResult<pg.QueryResult>): readonly Row[] =>
  result.status === 'fulfilled' ? (result.value.rows as Row[]) : [];
