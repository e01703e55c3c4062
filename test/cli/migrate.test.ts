import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startPostgres } from '../../infra/services/index.js';
import { runProgram } from '../program.js';

let postgres: Service;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const migrate = (DATABASE_URL: string) => runProgram(['migrate'], { env: { DATABASE_URL } });

describe('inkstone migrate', () => {
  it('brings a database up to date, and finds it so the second time', async () => {
    expect(await migrate(postgres.url)).toMatchObject({ code: 0, out: expect.stringMatching(/took \d+ steps\.\n$/) });
    expect(await migrate(postgres.url)).toMatchObject({ code: 0, out: 'The database is up to date.\n' });
  });

  it.each([
    ['', /^DATABASE_URL: expected the address of a Postgres database but received nothing\.\n$/],
    ['mysql://me:hush@host/x', /^DATABASE_URL: expected an address such as postgres:\/\/[^\n]+\.\n$/],
    [`postgres://me:hush@127.0.0.1:1/x`, /^DATABASE_URL: expected Postgres on 127\.0\.0\.1 to answer but [^\n]+\.\n$/],
  ])('ends with 1 and one sentence without the password where the address is "%s"', async (url, sentence) => {
    const { code, out, err } = await migrate(url);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(sentence);
    expect(err).not.toContain('hush');
  });
});
