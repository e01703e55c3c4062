import type pg from 'pg';
import { type Clock, systemClock } from '../../environment/clock.js';
import { connectPostgres, unusable, versionOf } from './postgres-connection.js';
import { migratePostgres, stepsTaken } from './postgres-schema.js';
import { PostgresSession } from './postgres-session.js';
import { createSqlStore, type SqlStore, type SqlStoreOptions } from './sql-store.js';
import { migrations } from './statements.js';

export interface PostgresStoreOptions extends SqlStoreOptions {
  readonly log: { warn(details: object, message: string): void };
  readonly clock?: Clock;
}

export interface PostgresStore extends SqlStore {
  /** Whether it can be read now. @throws the error of the connection */
  probe(): Promise<void>;
}

/**
 * The records in a database of Postgres that any number of processes share. Takes the migrations that are missing.
 *
 * @throws StoreUnusable
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions): Promise<PostgresStore> {
  const { log, clock = systemClock } = options;
  const client = await connected(url, async (client) => {
    await versionOf(client);
    await migratePostgres(client);
    return client;
  });
  const session = new PostgresSession(client, { connect: () => connectPostgres(url), clock, log });
  return Object.assign(createSqlStore(session, options), { probe: () => session.probe() });
}

/** Takes the migrations that are missing, and resolves with how many those were. @throws StoreUnusable */
export function migrateDatabase(url: string): Promise<number> {
  return connected(url, async (client) => {
    await versionOf(client);
    const taken = await migratePostgres(client);
    await client.end();
    return taken;
  });
}

export interface DatabaseFacts {
  readonly version: string;
  /** Migrations that are to come. */
  readonly missing: number;
  /** Milliseconds by which its clock is ahead of this machine's. */
  readonly skewMs: number;
}

/** What `inkstone doctor` says of it. @throws StoreUnusable */
export function inspectDatabase(url: string): Promise<DatabaseFacts> {
  return connected(url, async (client) => {
    const version = await versionOf(client);
    const taken = await stepsTaken(client);
    const asked = Date.now();
    const { rows } = await client.query<{ now: string }>('select extract(epoch from clock_timestamp()) * 1000 as now');
    const skewMs = Math.round(Number(rows[0]?.now) - (asked + Date.now()) / 2);
    await client.end();
    return { version, missing: Math.max(0, migrations.length - taken), skewMs };
  });
}

async function connected<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  let client: pg.Client | undefined;
  try {
    client = await connectPostgres(url);
    return await use(client);
  } catch (error) {
    client?.end().catch(() => {});
    throw unusable(url, error);
  }
}
