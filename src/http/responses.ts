import { STATUS_CODES } from 'node:http';
import type { Problem } from '../domain/problems.js';

type Extra = Readonly<Record<string, string>>;

/** In what a refusal is written: for people, for GraphQL clients, or as a problem of RFC 9457. */
export type RefusalFormat = 'text' | 'graphql' | 'problem';

/** @param code what programs decide by; plain text has none */
export function refusal(
  format: RefusalFormat,
  { status, code, sentence }: { readonly status: number; readonly code: string; readonly sentence: string },
  headers: Extra = {},
): Response {
  if (format === 'graphql') return graphqlError(status, sentence, code, headers);
  return format === 'text' ? text(status, sentence, headers) : problemJson(status, { detail: sentence, code }, headers);
}

/** A plain answer that nobody keeps. */
export function text(status: number, sentence: string, headers: Extra = {}): Response {
  return answer(status, `${sentence}\n`, 'text/plain; charset=utf-8', headers);
}

/** A refusal that a GraphQL client understands. */
export function graphqlError(status: number, message: string, code: string, headers: Extra = {}): Response {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  return answer(status, body, 'application/json; charset=utf-8', headers);
}

/** An expected failure for clients of addresses other than GraphQL's. */
export function problemResponse(problem: Problem, headers: Extra = {}): Response {
  const { status, message: detail, code, retryable, parameters } = problem;
  const wait = parameters.retryAfterMs;
  const retry: Extra = typeof wait === 'number' ? { 'retry-after': String(Math.max(1, Math.ceil(wait / 1000))) } : {};
  return problemJson(status, { detail, code, retryable, parameters }, { ...retry, ...headers });
}

/**
 * The type is left at its default, `about:blank`: programs decide by `code`, which GraphQL clients know as well.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
function problemJson(status: number, members: object, headers: Extra): Response {
  const body = JSON.stringify({ title: STATUS_CODES[status], status, ...members });
  return answer(status, body, 'application/problem+json', headers);
}

function answer(status: number, body: string, type: string, headers: Extra): Response {
  return new Response(body, {
    status,
    headers: {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}

/** Somewhere else on this server, by GET. */
export function redirect(location: string, headers: Extra = {}): Response {
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store', ...headers } });
}

export const TOO_MANY_GUESSES = 'Too many wrong keys. Wait a minute.';
