import { afterAll, beforeAll } from 'vitest';
import { type Service, startPostgres } from '../../infra/services/index.js';
import { openPostgresStore } from '../../src/stores/generations/postgres-store.js';
import { emptyDatabase } from '../stores/databases.js';
import { generationStoreConformance } from './generation-store.js';
import { modelStoreConformance } from './model-store.js';

let postgres: Service;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const newDatabase = async () => {
  const url = await emptyDatabase(postgres.url);
  return { open: (rows = 1000) => openPostgresStore(url, { rows, log: { warn() {} } }) };
};
generationStoreConformance('Postgres', newDatabase);
modelStoreConformance('Postgres', async () => (await newDatabase()).open());
