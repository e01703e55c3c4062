import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type Service, startPostgres } from '../../infra/services/index.js';
import { StorageUnavailable } from '../../src/domain/problems.js';
import { inspectDatabase, migrateDatabase, openPostgresStore } from '../../src/stores/generations/postgres-store.js';
import { StoreUnusable } from '../../src/stores/unusable.js';
import { generationOf } from '../conformance/generation.js';
import { imageRecordOf } from '../conformance/image-record.js';
import { emptyDatabase, onServer } from './databases.js';

let postgres: Service;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const open = (url: string) => openPostgresStore(url, { rows: 100_000, log: { warn() {} } });
const running = (id: string) => ({ generation: generationOf({ id }), lastSequence: null, plan: null });

describe('records in Postgres', () => {
  it('are all there after Postgres was killed, and the store comes back by itself', async () => {
    const url = await emptyDatabase(postgres.url);
    const store = await open(url);
    const told: string[] = [];
    const save = async (i: number) => {
      await store.save(running(`g${i}`));
      told.push(`g${i}`);
    };
    const first = Array.from({ length: 300 }, (_, i) => save(i));
    await first[0];
    postgres.signal('SIGKILL');
    const during = Array.from({ length: 100 }, (_, i) => save(300 + i));
    await postgres.start();
    await Promise.all([...first, ...during]);
    const found = await store.generations(told);
    expect(found.map((stored) => stored?.generation.id)).toEqual(told);
    expect(store.alive()).toBe(true);
    await store.close();
  });

  it('cannot be stored while Postgres hangs, which is told as what it is', async () => {
    const url = await emptyDatabase(postgres.url);
    const store = await open(url);
    const [backend] = await onServer(url, "select pid from pg_stat_activity where application_name = 'inkstone'");
    const all = (signal: NodeJS.Signals) => {
      postgres.signal(signal);
      process.kill(backend?.pid as number, signal);
    };
    all('SIGSTOP');
    try {
      await expect(store.save(running('g'))).rejects.toThrow(StorageUnavailable);
      expect(store.alive()).toBe(false);
    } finally {
      all('SIGCONT');
    }
    await expect.poll(() => store.alive(), { timeout: 20_000 }).toBe(true);
    await store.save(running('g'));
    await store.close();
  });

  it('have one image of a fingerprint, however many workers finish it at once', async () => {
    const url = await emptyDatabase(postgres.url);
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    const told = await Promise.all(
      Array.from({ length: 40 }, (_, i) => stores[i % 4]!.saveImage(imageRecordOf('a', { id: `image ${i}` }), i)),
    );
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
    expect(await stores[0]!.imagesByFingerprint(['fingerprint a'])).toEqual([told[0]]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('are not mixed up by a statement that fails beside others', async () => {
    const store = await open(await emptyDatabase(postgres.url));
    // Postgres stores no such character.
    const results = await Promise.allSettled(['g1', 'g\0', 'g2'].map((id) => store.save(running(id))));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.unfinished()).toHaveLength(2);
    await store.close();
  });
});

describe('the database of the records', () => {
  it('is migrated once, by however many processes that start together', async () => {
    const url = await emptyDatabase(postgres.url);
    expect(await inspectDatabase(url)).toMatchObject({ missing: expect.any(Number) });
    const taken = await Promise.all(Array.from({ length: 5 }, () => migrateDatabase(url)));
    expect(taken.filter((steps) => steps > 0)).toHaveLength(1);
    expect((await inspectDatabase(url)).missing).toBe(0);
  });

  it('may be upgraded by a newer program while this one runs, and when it starts', async () => {
    const url = await emptyDatabase(postgres.url);
    const store = await open(url);
    await store.saveImage(imageRecordOf('a'), 1);
    expect(await store.images(['image a'])).toEqual([imageRecordOf('a')]);
    await onServer(url, 'insert into inkstone_migrations (steps, at) values (1000, 1)');
    await onServer(url, "alter table images add column later text not null default ''");
    const later = await open(url);
    for (const it of [store, later]) {
      await it.saveImage(imageRecordOf('b'), 2);
      expect(await it.images(['image b', 'image a'])).toEqual([imageRecordOf('b'), imageRecordOf('a')]);
      await it.close();
    }
  });

  it('may belong to another user once it is migrated', async () => {
    const url = await emptyDatabase(postgres.url);
    const other = Object.assign(new URL(url), { username: 'limited' }).href;
    await onServer(url, 'create role limited login');
    await expect(open(other)).rejects.toThrow(/^DATABASE_URL: expected a user who may write but .* answered: .*\.$/);
    await migrateDatabase(url);
    await onServer(url, 'grant select, insert, update, delete on all tables in schema public to limited');
    const store = await open(other);
    await store.save(running('g'));
    await store.close();
  });

  it.each([
    ['is not there', (url: URL) => Object.assign(url, { pathname: '/nowhere' }), /there is none called "nowhere"/],
    ['refuses the user', (url: URL) => Object.assign(url, { username: 'x', password: 'hush' }), /refused those of "x"/],
  ])('that %s is told in one sentence without the password', async (_, change, sentence) => {
    const error = await open(change(new URL(postgres.url)).href).catch((failed) => failed);
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error.message).toMatch(sentence);
    expect(error.message).toMatch(/^DATABASE_URL: expected [^\n]*\.$/);
    expect(error.message).not.toContain('hush');
  });

  it('on a server that does not answer is told likewise', async () => {
    const url = `postgres://inkstone:hush@127.0.0.1:${await freePort()}/inkstone`;
    const sentence =
      /^DATABASE_URL: expected Postgres on 127.0.0.1 to answer but it cannot be reached \(ECONNREFUSED\)\.$/;
    await expect(open(url)).rejects.toThrow(sentence);
  });
});
