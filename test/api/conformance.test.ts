import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServer, origin, type TestServer } from './server.js';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const audits = serverAudits({
  url: `${origin}/graphql`,
  fetchFn: (url: string, init: RequestInit) => server.fetch(new Request(url, init)),
});

describe('GraphQL over HTTP', () => {
  it('has 61 audits', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
    const result = await audit.fn();
    if (result.status !== 'ok') throw new Error(result.reason);
  });
});
