import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';
import { type Call, migrations, type Reply, type Row, reads, statements } from './statements.js';

/**
 * The thread that talks to the database. libsql's calls are synchronous and end in an fsync: here they hold up nobody. Each
 * message is a batch, each batch one transaction.
 */
const port = parentPort!;
type Connection = InstanceType<typeof Database>;

/**
 * The pages of a larger database are not all read at the start: a gigabyte may take ten seconds of a slow disk. What was spoilt there is
 * noticed when it is asked for.
 */
const checkedBytes = 256 * 1024 ** 2;

/** Pages hold what they cannot. */
class Damaged extends Error {
  readonly code = 'SQLITE_CORRUPT';
}

/** Exclusive: the lock on the file is held from here on, and dies with the process. Without it there would be no owner. */
function open(file: string): Connection {
  const database = new Database(file);
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  // What was acknowledged survives a power cut, not only a crash.
  database.pragma('synchronous = FULL');
  if (statSync(file).size <= checkedBytes) {
    const [found] = database.pragma('quick_check(1)') as [{ quick_check: string }];
    if (found.quick_check !== 'ok') throw new Damaged(found.quick_check);
  }
  const [{ user_version: taken }] = database.pragma('user_version') as [{ user_version: number }];
  if (taken > migrations.length) throw new Error('it was written by a newer version of this program');
  const missing = migrations.slice(taken).join('\n');
  // On a disk without room, a database that is as it should be is opened all the same.
  if (missing !== '') database.exec(`begin immediate; ${missing} pragma user_version = ${migrations.length}; commit;`);
  return database;
}

function execute(batch: readonly Call[], database: Connection, prepared: ReturnType<typeof prepareAll>): Reply[] {
  const writes = batch.some(({ name }) => !reads.has(name));
  if (writes) database.exec('begin immediate');
  // A statement takes effect whole or not at all; the others of its batch are not to blame.
  const replies = batch.map((call) => answer(call, prepared));
  if (writes) database.exec('commit');
  return replies;
}

function answer({ name, parameters }: Call, prepared: ReturnType<typeof prepareAll>): Reply {
  try {
    if (reads.has(name)) return { rows: prepared[name].all([...parameters]) as Row[] };
    prepared[name].run([...parameters]);
    return { rows: [] };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Reply {
  return { error: (error as Error).message, code: (error as { code?: string }).code ?? '' };
}

function prepareAll(database: Connection) {
  const entries = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(entries) as Record<keyof typeof statements, ReturnType<typeof database.prepare>>;
}

try {
  const database = open((workerData as { file: string }).file);
  const prepared = prepareAll(database);
  port.on('message', (batch: readonly Call[] | null) => {
    if (batch === null) {
      database.close();
      port.close();
      return;
    }
    try {
      port.postMessage(execute(batch, database, prepared));
    } catch (error) {
      if (database.inTransaction) database.exec('rollback');
      // Nothing was written, as where the disk is full. What only reads is answered all the same.
      port.postMessage(batch.map((call) => (reads.has(call.name) ? answer(call, prepared) : failed(error))));
    }
  });
  port.postMessage('open');
} catch (error) {
  port.postMessage({ code: (error as { code?: string }).code ?? '', message: (error as Error).message });
  port.close();
}
