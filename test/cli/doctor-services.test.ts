import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type S3, type Service, startPostgres, startRedis, startS3 } from '../../infra/services/index.js';
import { openPostgresStore } from '../../src/stores/generations/postgres-store.js';
import { publishedModel } from '../conformance/model-store.js';
import { runProgram } from '../program.js';
import { emptyDatabase } from '../stores/databases.js';

const tiny = join(import.meta.dirname, '..', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo');
let [redis, postgres, s3] = [] as unknown as [Service, Service, S3];
let env: Record<string, string>;
beforeAll(async () => {
  [redis, postgres, s3] = await Promise.all([startRedis(), startPostgres(), startS3()]);
  const services = { QUEUE_URL: redis.url, DATABASE_URL: postgres.url, IMAGE_STORE: s3.url };
  env = { ...s3.env, ...services, MODELS_CATALOG: '/nowhere.json', CHECKPOINTS: tiny };
});
afterAll(() => Promise.all([redis.stop(), postgres.stop(), s3.stop()]));

const run = (command: string, changes: Record<string, string> = {}) => {
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'inkstone-data-'));
  return runProgram([command], { env: { ...env, DATA_DIR, PORT: '0', ...changes } });
};

describe('the doctor of a fleet', () => {
  it('finds sound services, and ends with 0', async () => {
    await run('migrate');
    const { code, out } = await run('doctor');
    expect(out).toMatch(/^Redis {5}\d+\.\d+\S*, noeviction$/m);
    expect(out).toMatch(/^Postgres {2}\d+\.\d+, up to date$/m);
    expect(out).toMatch(/^S3 {8}it can be written$/m);
    expect(out).toMatch(/^Fleet {5}no models are published$/m);
    expect(code).toBe(0);
  });

  it('says what is wrong with each, and what to do', async () => {
    const client = new Redis(redis.url);
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const DATABASE_URL = await emptyDatabase(postgres.url);
    const { code, out } = await run('doctor', { DATABASE_URL, IMAGE_STORE: 's3://nowhere/x' });
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    client.disconnect();
    expect(code).toBe(1);
    expect(out).toContain('Expected the maxmemory-policy noeviction but received allkeys-lru: it may lose jobs.');
    expect(out).toMatch(/Expected a database that is up to date but \d+ migrations are missing\./);
    expect(out).toMatch(/expected a bucket on \S+ but there is none called "nowhere"\./);
    expect(out).toMatch(
      /Next: set maxmemory-policy noeviction in Redis; run `inkstone migrate`; start S3, or mend IMAGE_STORE/,
    );
  });

  it('says which workers disagree about a model, by both hashes', async () => {
    const store = await openPostgresStore(postgres.url, { rows: 10, log: { warn() {} } });
    await store.models.publish(publishedModel('ink', 'a'.repeat(64)), Date.now() - 1000);
    await store.models.publish(publishedModel('ink', 'b'.repeat(64)), Date.now());
    await store.close();
    const { code, out } = await run('doctor');
    expect(code).toBe(1);
    expect(out).toContain(
      'Expected all workers to have the model "ink" as bbbbbbbbbbbb on cpu with r but one has aaaaaaaaaaaa on cpu with r: its jobs fail.',
    );
  });
});

describe('a service that cannot be used at the start', () => {
  it.each<[string, (port: number) => string, RegExp]>([
    ['QUEUE_URL', (port) => `redis://me:hush@127.0.0.1:${port}`, /^QUEUE_URL: expected Redis on \S+ to answer but /],
    ['QUEUE_URL', () => redis.url.replace('//', '//me:hush@'), /^QUEUE_URL: expected a user and a password that /],
    ['DATABASE_URL', (port) => `postgres://me:hush@127.0.0.1:${port}/x`, /^DATABASE_URL: expected Postgres on /],
    ['S3_ENDPOINT', (port) => `http://127.0.0.1:${port}`, /^IMAGE_STORE: expected \S+ to answer but it cannot /],
  ])('ends the program with 1 and one sentence without the password: %s', async (variable, address, sentence) => {
    const { code, err } = await run('serve', { [variable]: address(await freePort()), LOG_LEVEL: 'silent' });
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).not.toContain('hush');
    expect(code).toBe(1);
  });
});
