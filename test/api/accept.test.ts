import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accepted, acceptedImageFormat } from '../../src/http/negotiation.js';
import { openServer, origin, type TestServer } from './server.js';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer();
  ({ url } = await server.listening());
});
afterAll(() => server.close());

const models = { query: '{ models { name } }' };
const typeOf = ({ headers }: Response) => headers.get('content-type')?.split(';')[0];

describe('an answer of the API comes in the type that Accept takes', () => {
  it.each([
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/json;charset="UTF-8"', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json;q=0.5, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0.2,application/json;q=0.9', 'application/json'],
    ['application/graphql-response+json; q=0, application/*', 'application/json'],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
    ['*/*;q=0.1, application/graphql-response+json', 'application/graphql-response+json'],
    ['text/event-stream', 'text/event-stream'],
    ['text/html;q=0.3, application/json', 'application/json'],
    [', ,application/json,,', 'application/json'],
    ['multipart/mixed;deferSpec=20220824, application/json', 'application/json'],
  ])('%j → %s', async (accept, type) => {
    const response = await server.post(models, { accept });
    expect([response.status, typeOf(response)]).toEqual([200, type]);
    await response.text();
  });

  it.each([
    'application/json;q=0',
    'image/png',
    '*/*;q=0',
    'application/json;charset=latin1',
    'garbage',
    ';;;',
    'application/json;q=0, application/graphql-response+json;q=0.0',
  ])('%j is refused in a sentence', async (accept) => {
    const response = await server.post(models, { accept });
    expect([response.status, await response.json()]).toEqual([
      406,
      {
        errors: [
          { message: expect.stringMatching(/^Expected an Accept header/), extensions: { code: 'NOT_ACCEPTABLE' } },
        ],
      },
    ]);
  });

  it.each([
    ['text/html', true],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['TEXT/HTML', true],
    ['application/json;q=0.9, text/html', true],
    ['application/json, text/html;q=0.9', false],
    ['text/html;q=0, */*', false],
    ['*/*', false],
  ])('a GET with %j comes with GraphiQL: %s', async (accept, page) => {
    const response = await server.fetch(new Request(`${origin}/graphql?query={models{name}}`, { headers: { accept } }));
    expect(typeOf(response) === 'text/html').toBe(page);
  });
});

describe('a long Accept', () => {
  const sizeOf = (accept: string) =>
    new Promise<[number | undefined, number]>((resolve, reject) => {
      const body = JSON.stringify(models);
      const headers = { accept, 'content-type': 'application/json', 'content-length': body.length };
      request(`${url}/graphql`, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve([response.statusCode, response.rawHeaders.join('').length]);
      })
        .on('error', reject)
        .end(body);
    });

  it.each([
    ['of nothing', ','.repeat(15_000), 406],
    ['of types that nobody has', 'a/b,'.repeat(3700), 406],
    ['of the same type', 'application/json,'.repeat(850), 200],
    ['of parameters', `application/json${';a=b'.repeat(3500)}`, 406],
    ['of quotes', `${'"\\'.repeat(7000)}`, 406],
  ])('%s is not repeated in the headers of its answer', async (_name, accept, status) => {
    const [answered, bytes] = await sizeOf(accept);
    expect(answered).toBe(status);
    expect(bytes).toBeLessThan(2000);
  });
});

it('a header that takes nothing at all takes nothing that is offered', () => {
  expect(accepted('*/*;q=0', ['text/html'])).toEqual([]);
  expect(accepted(null, ['text/html'])).toEqual(['text/html']);
});

describe('the format of an image that its address leaves open', () => {
  it.each([
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'WEBP'],
    ['image/webp', 'WEBP'],
    ['IMAGE/WEBP ; Q=0.7', 'WEBP'],
    ['image/webp;q=0, */*', 'JPEG'],
    ['image/webp;q=0.5, image/png', 'PNG'],
    ['image/webp;q=0.5, image/jpeg;q=0.4', 'WEBP'],
    ['image/avif', 'JPEG'],
    ['*/*', 'JPEG'],
    ['', 'JPEG'],
    ['image/png,image/*;q=0.8,*/*;q=0.5', 'PNG'],
    ['image/png', 'PNG'],
    ['image/jpeg,image/png;q=0.9', 'JPEG'],
  ])('for Accept %s is %s', (accept, expected) => {
    expect(acceptedImageFormat(accept)).toBe(expected);
  });
});
