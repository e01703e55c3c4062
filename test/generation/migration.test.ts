import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { openLibsqlStore } from '../../src/stores/generations/libsql-store.js';
import { StoreUnusable } from '../../src/stores/unusable.js';
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
          ...{
            tenant: 'anonymous',
            loras: [],
            editMode: null,
            strength: null,
            sourceId: null,
            regions: [],
            images: [],
          },
        },
        lastSequence: 3,
        plan: null,
      });
      const [image] = await store.images(['i']);
      expect(image).toEqual({
        ...{ id: 'i', fingerprint: 'f', width: 64, height: 80, thumbhash: 'abc=', seed: 7, bytes: 1234 },
        regions,
      });
      await store.saveImage({ ...image!, regions: [{ x: 0, y: 0, width: 8, height: 8 }] }, 2);
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

describe('a database with spoilt pages is noticed at the start, in a sentence:', () => {
  async function refusalOf(spoil: (bytes: Buffer) => Buffer): Promise<string> {
    const rows = Array.from({ length: 400 }, (_, i) => `('g${i}', ${i}, 2, 3, '{"prompt":"${'cat '.repeat(300)}"}')`);
    const file = written(`${first} insert into generations values ${rows.join(', ')};`);
    writeFileSync(file, spoil(readFileSync(file)));
    const refusal: unknown = await openLibsqlStore(file, { rows: 1000 }).catch((error) => error);
    expect(refusal).toBeInstanceOf(StoreUnusable);
    return (refusal as Error).message.replace(file, 'FILE');
  }
  const damaged =
    'FILE cannot be opened: it is damaged; put back a copy of it, or move it and the files beside it away to begin with no records.';

  it.each([
    ['in the midst', (bytes: Buffer) => bytes.fill(0xab, 4096 * 20, 4096 * 22)],
    ['zeroed', (bytes: Buffer) => bytes.fill(0, 4096 * 3, 4096 * 8)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 4096 * 10)],
    ['at its head', (bytes: Buffer) => bytes.fill(0x41, 0, 100)],
    ['in its schema', (bytes: Buffer) => bytes.fill(0xff, 100, 1000)],
    ['of something else', () => Buffer.from('hello '.repeat(1000))],
  ])('%s', async (_name, spoil) => {
    expect(await refusalOf(spoil)).toBe(damaged);
  });

  it('whole ones are opened', async () => {
    await expect(refusalOf((bytes) => bytes)).rejects.toThrow('StoreUnusable');
  });
});
