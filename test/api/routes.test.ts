import { createServerAdapter } from '@whatwg-node/server';
import { describe, expect, it } from 'vitest';
import { problemStatus } from '../../src/domain/problem-codes.js';
import { InvalidInput, NotFound, QueueFull } from '../../src/domain/problems.js';
import { cors } from '../../src/http/middleware/cors.js';
import { allowedMethods } from '../../src/http/middleware/methods.js';
import { problemResponse } from '../../src/http/responses.js';
import type { Route } from '../../src/http/route.js';
import { handlerOf } from '../../src/http/router.js';

const route = (path: string, rest: Partial<Route> = {}): Route => ({
  path,
  access: 'open',
  refusals: 'problem',
  handle: (_, { params }) => Response.json({ path, params }),
  ...rest,
});
const { fetch } = createServerAdapter<object>(
  handlerOf(
    [allowedMethods()],
    [
      route('/jobs/all'),
      route('/jobs/{id}', { methods: ['GET'] }),
      route('/jobs/{id}/parts/{part}'),
      route('/files.d/{rest...}'),
    ],
  ),
);
const at = async (path: string) => {
  const response = await fetch(new Request(`http://any${path}`));
  return response.ok ? ((await response.json()) as object) : response.status;
};

describe('a path leads to', () => {
  it.each([
    ['/jobs/all', { path: '/jobs/all', params: {} }],
    ['/jobs/7', { path: '/jobs/{id}', params: { id: '7' } }],
    ['/jobs/7/parts/a%2Fb', { path: '/jobs/{id}/parts/{part}', params: { id: '7', part: 'a%2Fb' } }],
    ['/files.d/a/b', { path: '/files.d/{rest...}', params: { rest: 'a/b' } }],
    ['/files.d/', { path: '/files.d/{rest...}', params: { rest: '' } }],
  ])('the first route of the list that takes it: %s', async (path, expected) => {
    expect(await at(path)).toEqual(expected);
  });

  it.each(['/', '/jobs', '/jobs/', '/jobs/7/', '/jobs/7/parts', '/filesxd/a', '/x/jobs/all'])(
    'nothing: %s',
    async (path) => {
      expect(await at(path)).toBe(404);
    },
  );
});

describe('a refusal as application/problem+json', () => {
  it.each([
    [new InvalidInput('steps', 'Expected more.', { code: 'OUT_OF_RANGE', parameters: { min: 1 } }), 400, null],
    [new NotFound('There is none.', { type: 'Image', id: 'x' }), 404, null],
    [new QueueFull('Later.', 1200), 429, '2'],
    [new QueueFull('Stopping.', 1000, 'SERVER_STOPPING'), 503, '1'],
  ])('says what programs decide by: %s', async (problem, status, retryAfter) => {
    const response = problemResponse(problem);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter]);
    const { code, message: detail, parameters, retryable } = problem;
    expect(await response.json()).toEqual({
      ...{ title: expect.any(String), status, detail, code, retryable },
      parameters: { ...parameters },
    });
  });

  it('of a method names those that the address takes', async () => {
    const response = await fetch(new Request('http://any/jobs/7', { method: 'PUT' }));
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
    expect(await response.json()).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
  });

  it('has a status of an error for each code', () => {
    for (const status of Object.values(problemStatus)) expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe('with origins that may call', () => {
  const answers = (headers: Record<string, string>) =>
    createServerAdapter<object>(
      handlerOf(
        [cors(['https://a.example', 'https://b.example'])],
        [route('/', { handle: () => new Response('', { headers }) })],
      ),
    ).fetch(new Request('http://any/', { headers: { origin: 'https://b.example' } }));

  it('an answer is for the one that asked, and varies by it and by what it varied by before', async () => {
    const { headers } = await answers({ vary: 'Accept' });
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
      'https://b.example',
      'Accept, Origin',
    ]);
  });

  it('what is open to all origins stays so, for caches that keep one answer for all', async () => {
    const { headers } = await answers({ 'access-control-allow-origin': '*' });
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual(['*', null]);
  });
});
