import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { openLibsqlStore } from '../../src/studio/store/libsql-store.js';
import { StoreUnusable } from '../../src/studio/store/sql-thread.js';
import { newFolder } from './open-studio.js';

/** As the first version of the program wrote it. */
const first = `
create table generations (
  id text primary key, created_at bigint not null, finished_at bigint, last_sequence bigint, body text not null);
create index generations_by_age on generations (created_at, id);
create index generations_unfinished on generations (created_at, id) where finished_at is null;
create table pictures (
  fingerprint text primary key, image_id text not null, width bigint not null, height bigint not null,
  thumbhash text not null, seed bigint not null, bytes bigint not null, last_used bigint not null, gone_at bigint);
create unique index pictures_by_image on pictures (image_id);
create index pictures_gone on pictures (gone_at, image_id) where gone_at is not null;
insert into generations values ('g', 1, 2, 3, '{"id":"g","operation":"GENERATE","status":"SUCCEEDED","prompt":"a cat"}');
insert into pictures values ('f', 'i', 64, 80, 'abc=', 7, 1234, 1, null);
`;

function written(sql: string): string {
  const file = join(newFolder(), 'inkstone.db');
  const database = new Database(file);
  database.exec(sql);
  database.close();
  return file;
}

describe('a database of the first version', () => {
  it('is taken over with all that is in it, and again when it is opened again', async () => {
    const file = written(first);
    for (const regions of [[], [{ x: 0, y: 0, width: 8, height: 8 }]]) {
      const store = await openLibsqlStore(file, { rows: 10 });
      const [generation] = await store.generations(['g']);
      expect(generation).toEqual({
        generation: {
          ...{ id: 'g', operation: 'GENERATE', status: 'SUCCEEDED', prompt: 'a cat' },
          ...{ loras: [], editMode: null, strength: null, sourceId: null, regions: [] },
        },
        lastSequence: 3,
      });
      const [picture] = await store.images(['i']);
      expect(picture).toEqual({
        ...{ id: 'i', fingerprint: 'f', width: 64, height: 80, thumbhash: 'abc=', seed: 7, bytes: 1234 },
        regions,
      });
      await store.savePicture({ ...picture!, regions: [{ x: 0, y: 0, width: 8, height: 8 }] }, 2);
      await store.close();
    }
  });
});

it('a database of a newer version is left alone', async () => {
  const file = written('pragma user_version = 1000;');
  const refusal = await openLibsqlStore(file, { rows: 10 }).catch((error) => error);
  expect(refusal).toBeInstanceOf(StoreUnusable);
  expect(refusal.message).toBe(`${file} cannot be opened: it was written by a newer version of this program.`);
});
