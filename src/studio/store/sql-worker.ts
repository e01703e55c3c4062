import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';
import { type Call, migrations, type Reply, type Row, reads, statements } from './statements.js';

/**
 * The thread that talks to the database. libsql's calls are synchronous and end in an fsync: here they hold up nobody. Each
 * message is a batch, each batch one transaction.
 */
const port = parentPort!;
type Connection = InstanceType<typeof Database>;

/** Exclusive: the lock on the file is held from here on, and dies with the process. Without it there would be no owner. */
function open(file: string): Connection {
  const database = new Database(file);
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  // What was acknowledged survives a power cut, not only a crash.
  database.pragma('synchronous = FULL');
  const [{ user_version: taken }] = database.pragma('user_version') as [{ user_version: number }];
  if (taken > migrations.length) throw new Error('it was written by a newer version of this program');
  const missing = migrations.slice(taken).join('\n');
  database.exec(`begin immediate; ${missing} pragma user_version = ${migrations.length}; commit;`);
  return database;
}

function execute(batch: readonly Call[], database: Connection, prepared: ReturnType<typeof prepareAll>): Reply[] {
  const writes = batch.some(({ name }) => !reads.has(name));
  if (writes) database.exec('begin immediate');
  const replies = batch.map(({ name, parameters }): Reply => {
    try {
      if (reads.has(name)) return { rows: prepared[name].all([...parameters]) as Row[] };
      prepared[name].run([...parameters]);
      return { rows: [] };
    } catch (error) {
      // A statement takes effect whole or not at all; the others of its batch are not to blame.
      return { error: (error as Error).message };
    }
  });
  if (writes) database.exec('commit');
  return replies;
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
      port.postMessage(batch.map(() => ({ error: (error as Error).message })));
    }
  });
  port.postMessage('open');
} catch (error) {
  port.postMessage({ code: (error as { code?: string }).code ?? '', message: (error as Error).message });
  port.close();
}
