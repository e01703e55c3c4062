import type { Generation } from '../../domain/generation.js';
import type { ImageRecord } from '../../domain/image.js';
import type { Plan } from '../../domain/plan.js';
import type { Region } from '../../domain/region.js';
import type { ModelStore } from '../models/model-store.js';
import { createSqlModelStore } from '../models/sql-model-store.js';
import type { GenerationStore, StoredGeneration } from './generation-store.js';
import type { Parameter, Row, StatementName } from './statements.js';

/** A database that executes the statements of `statements.ts`, in the order in which they are asked. */
export interface Sql {
  /** Resolves when what it did is durable. Statements that are asked in one turn of the event loop may share a transaction. */
  ask(name: StatementName, ...parameters: readonly Parameter[]): Promise<readonly Row[]>;
  /** Whether it answers. */
  readonly alive: boolean;
  /** Finishes what was asked, then closes. */
  close(): Promise<void>;
}

export interface SqlStoreOptions {
  /** Rows of generations that stay, and of images that are gone. */
  readonly rows: number;
}

/** What one database holds. */
export interface SqlStore extends GenerationStore {
  readonly models: ModelStore;
}

/** The records as rows of that database. */
export function createSqlStore(sql: Sql, { rows }: SqlStoreOptions): SqlStore {
  /** Old rows leave a twentieth of the limit at a time: finding them costs more than removing them. */
  const pruneEvery = Math.max(1, Math.floor(rows / 20));
  let saved = 0;
  let forgotten = 0;

  return {
    async save({ generation, lastSequence, plan }) {
      const { id, createdAt, finishedAt } = generation;
      const planned = plan === null ? null : JSON.stringify(plan);
      const asked = sql.ask(
        'saveGeneration',
        id,
        createdAt,
        finishedAt,
        lastSequence,
        JSON.stringify(generation),
        planned,
      );
      if (++saved % pruneEvery === 0) await sql.ask('pruneGenerations', rows);
      await asked;
    },
    async generations(ids) {
      const found = await Promise.all(ids.map((id) => sql.ask('generation', id)));
      return found.map(([row]) => (row === undefined ? null : toGeneration(row)));
    },
    async unfinished() {
      return (await sql.ask('unfinished')).map(toGeneration);
    },
    async saveImage(image, at) {
      const { fingerprint, id, width, height, thumbhash, seed, bytes, regions } = image;
      const places = JSON.stringify(regions);
      const asked = sql.ask('saveImage', fingerprint, id, width, height, thumbhash, seed, bytes, places, at);
      const [, [kept]] = await Promise.all([asked, sql.ask('imageByFingerprint', fingerprint)]);
      // Null where it was forgotten in this moment.
      return kept === undefined ? image : toImage(kept);
    },
    async imagesByFingerprint(fingerprints) {
      const found = await Promise.all(fingerprints.map((fingerprint) => sql.ask('imageByFingerprint', fingerprint)));
      return found.map(([row]) => (row === undefined ? null : toImage(row)));
    },
    async images(ids) {
      const found = await Promise.all(ids.map((id) => sql.ask('image', id)));
      return found.map(([row]) => (row === undefined ? null : toImage(row)));
    },
    async forget(imageIds, at) {
      const asked = imageIds.map((id) => sql.ask('forgetImage', at, id));
      forgotten += imageIds.length;
      if (forgotten >= pruneEvery) {
        forgotten = 0;
        await sql.ask('pruneImages', rows);
      }
      await Promise.all(asked);
    },
    models: createSqlModelStore(sql),
    alive: () => sql.alive,
    close: () => sql.close(),
  };
}

/** Fields that generations did not have while GENERATE was the only operation. */
const added = {
  tenant: 'anonymous',
  loras: [],
  editMode: null,
  strength: null,
  sourceId: null,
  regions: [],
  images: [],
} as const;

function toGeneration(row: Row): StoredGeneration {
  const generation = { ...added, ...JSON.parse(String(row.body)) } as Generation;
  const plan = row.plan === null ? null : (JSON.parse(String(row.plan)) as Plan);
  return { generation, lastSequence: row.last_sequence === null ? null : Number(row.last_sequence), plan };
}

function toImage(row: Row): ImageRecord {
  return {
    id: String(row.image_id),
    fingerprint: String(row.fingerprint),
    width: Number(row.width),
    height: Number(row.height),
    thumbhash: String(row.thumbhash),
    seed: Number(row.seed),
    bytes: Number(row.bytes),
    regions: JSON.parse(String(row.regions)) as readonly Region[],
  };
}
