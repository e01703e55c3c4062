import type pg from 'pg';
import { migrations } from './statements.js';

/** Held by the one process that migrates: "inks". */
const LOCK = 0x696e6b73;
const UNDEFINED_TABLE = '42P01';

/** How many steps of `migrations` the database has taken; a newer program may have taken more than there are here. */
export async function stepsTaken(client: pg.Client): Promise<number> {
  try {
    const { rows } = await client.query<{ steps: number }>('select max(steps) as steps from inkstone_migrations');
    return rows[0]?.steps ?? 0;
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return 0;
    throw error;
  }
}

/** Takes the steps that are missing, one process at a time. Resolves with how many it took. */
export async function migratePostgres(client: pg.Client): Promise<number> {
  // Where nothing is missing, a user who may not change tables will do.
  if ((await stepsTaken(client)) >= migrations.length) return 0;
  await client.query('begin');
  try {
    await unlimited(client, `select pg_advisory_xact_lock(${LOCK})`);
    await client.query('create table if not exists inkstone_migrations (steps bigint not null, at bigint not null)');
    const taken = await stepsTaken(client);
    for (const step of migrations.slice(taken)) await unlimited(client, step);
    if (taken < migrations.length)
      await client.query('insert into inkstone_migrations (steps, at) values ($1, $2)', [
        migrations.length,
        Date.now(),
      ]);
    await client.query('commit');
    return Math.max(0, migrations.length - taken);
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Another process may migrate, or an index of a large table be built, for as long as it takes. */
function unlimited(client: pg.Client, text: string): Promise<unknown> {
  return client.query({ text, query_timeout: 2 ** 31 - 1 } as pg.QueryConfig);
}
