import { readFileSync } from 'node:fs';
import { buildSchema, type GraphQLScalarType } from 'graphql';
import { expect, it } from 'vitest';
import { openServer, origin } from './server.js';

/** `/schema.graphql`, for code generators and editors. */

const path = new URL('../../schema/schema.graphql', import.meta.url);

it('is the schema as it is printed, and is not sent again to who has it', async () => {
  const server = await openServer();
  const response = await server.fetch(new Request(`${origin}/schema.graphql`));
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(await response.text()).toBe(readFileSync(path, 'utf8'));
  const headers = { 'if-none-match': response.headers.get('etag')! };
  expect((await server.fetch(new Request(`${origin}/schema.graphql`, { headers }))).status).toBe(304);
  expect((await server.fetch(new Request(`${origin}/schema.graphql`, { method: 'POST' }))).status).toBe(405);
  await server.close();
});

it('is for whoever has the key, where there is one', async () => {
  const key = 'a key that nobody guesses';
  const server = await openServer({ env: { ACCESS_KEY: key } });
  const ask = (headers: Record<string, string>) => server.fetch(new Request(`${origin}/schema.graphql`, { headers }));
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: `Bearer ${key}` })).status).toBe(200);
  await server.close();
});

it('says of every scalar of its own where that is specified', () => {
  const types = Object.values(buildSchema(readFileSync(path, 'utf8')).getTypeMap());
  const scalars = ['DateTime', 'Seed', 'Upload'].map((name) => types.find((type) => type.name === name));
  for (const scalar of scalars) expect((scalar as GraphQLScalarType).specifiedByURL).toMatch(/^https:\/\//);
});
