import { createHash } from 'node:crypto';
import type { PublishedModel } from '../../domain/published-model.js';
import type { Sql } from '../generations/sql-store.js';
import type { ModelStore } from './model-store.js';

/** Milliseconds after which a publication that another has replaced, and whose publisher was not seen, is forgotten. */
const FORGOTTEN_AFTER_MS = 86_400_000;

/** The models as rows of that database. */
export function createSqlModelStore(sql: Sql): ModelStore {
  return {
    async publish(model, at) {
      const { id } = model.description;
      const asked = sql.ask('publishModel', id, versionOf(model), at, at, JSON.stringify(model));
      await Promise.all([asked, sql.ask('forgetModels', at - FORGOTTEN_AFTER_MS)]);
    },
    async see(model, at) {
      await sql.ask('seeModel', at, model.description.id, versionOf(model));
    },
    async publications() {
      const rows = await sql.ask('models');
      return rows.map(({ version, published_at, seen_at, body }) => ({
        version: String(version),
        publishedAt: Number(published_at),
        seenAt: Number(seen_at),
        model: JSON.parse(String(body)) as PublishedModel,
      }));
    },
    async retire(id) {
      const known = (await this.publications()).some(({ model }) => model.description.id === id);
      await sql.ask('retireModel', id);
      return known;
    },
  };
}

/** Equal for equal models, wherever they stand in the catalogs of their publishers. */
function versionOf({ position: _, ...model }: PublishedModel): string {
  return createHash('sha256').update(JSON.stringify(model)).digest('hex').slice(0, 32);
}
