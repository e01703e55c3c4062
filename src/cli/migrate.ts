import type { Settings } from '../app/config.js';
import { migrateDatabase } from '../stores/generations/postgres-store.js';

/** DATABASE_URL was needed and not set. */
class Unset extends Error {
  override readonly name = 'ConfigError';
}

/** `inkstone migrate`: brings the database to what this program needs, before any process of it starts. */
export async function migrateCommand({ stores: { DATABASE_URL } }: Settings): Promise<void> {
  if (DATABASE_URL === undefined)
    throw new Unset('DATABASE_URL: expected the address of a Postgres database but received nothing.');
  const taken = await migrateDatabase(DATABASE_URL);
  console.log(
    taken === 0 ? 'The database is up to date.' : `The database took ${taken} ${taken === 1 ? 'step' : 'steps'}.`,
  );
}
