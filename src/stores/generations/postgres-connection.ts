import pg from 'pg';
import { StoreUnusable } from '../unusable.js';

/** Milliseconds that Postgres may take to accept a connection. */
const CONNECT_LIMIT_MS = 3000;
/** Milliseconds after which a question without an answer is taken for a lost connection. */
const ANSWER_LIMIT_MS = 5000;
/** The oldest version that the tests of Postgres itself still cover. */
const LEAST_VERSION = 13;

/** All that a waiting program needs one connection for: what is asked meanwhile is sent without waiting for answers. */
export async function connectPostgres(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: ANSWER_LIMIT_MS,
    application_name: 'inkstone',
    // A bigint of ours is never larger than JavaScript's whole numbers.
    types: { getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : parserOf(oid, format)) },
  });
  // Told by the queries that it fails; without a listener it would end the program.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

const parserOf = (oid: number, format: 'text' | 'binary' | undefined) => pg.types.getTypeParser(oid, format as 'text');

/** The version of the server, such as 15.18. @throws StoreUnusable where it is too old */
export async function versionOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  const version = rows[0]?.server_version.split(' ')[0] ?? '';
  if (Number.parseInt(version, 10) >= LEAST_VERSION) return version;
  throw new StoreUnusable(`DATABASE_URL: expected Postgres ${LEAST_VERSION} or newer but received ${version}.`);
}

/** Whether the connection, not the statement, is at fault: lost, or to a server that stops, starts or only reads. */
export function isLost(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|57P|25006)/.test(error.code ?? '');
}

/** Whether the server has no room, memory or working disk left. */
export const isExhausted = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^(53|58|XX00[12])/.test(error.code ?? '');

/** Why the database of that address cannot be used, in one sentence without its password. */
export function unusable(url: string, error: unknown): StoreUnusable {
  if (error instanceof StoreUnusable) return error;
  return new StoreUnusable(`DATABASE_URL: ${reason(url, error)}.`, { cause: error });
}

function reason(url: string, error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const { host, user, database } = new pg.Client({ connectionString: url });
  const place = `Postgres on ${host}`;
  if (code === '28P01' || code === '28000')
    return `expected a user and a password that ${place} accepts but it refused those of "${user}"`;
  if (code === '3D000') return `expected a database on ${host} but there is none called "${database}"`;
  if (code === '42501' || code === '25006')
    return `expected a user who may write but ${place} answered: ${message} (run "inkstone migrate" as the owner first)`;
  if (error instanceof pg.DatabaseError) return `expected ${place} to answer but received: ${message}`;
  return `expected ${place} to answer but it cannot be reached (${code === '' ? message : code})`;
}
