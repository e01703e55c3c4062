import type { Plugin } from 'graphql-yoga';
import { graphqlError } from '../responses.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Of a request that brings files along, to this path. */
  readonly maxMultipartBytes: number;
  readonly path: string;
}

/**
 * Requests longer than this are refused by what they say of themselves, beyond which Node reads none; those that say nothing (chunked)
 * are not read at all.
 */
export function useBodyLimit({ maxBytes, maxMultipartBytes, path }: BodyLimits): Plugin {
  return {
    onRequest({ request, url, endResponse }) {
      if (request.method !== 'POST') return;
      const multipart = url.pathname === path && isMultipart(request);
      const most = multipart ? maxMultipartBytes : maxBytes;
      const length = request.headers.get('content-length');
      if (length === null && request.headers.has('transfer-encoding'))
        endResponse(graphqlError(411, 'Expected a Content-Length but received none.', 'LENGTH_REQUIRED'));
      else if (Number(length ?? 0) > most)
        endResponse(graphqlError(413, `Expected at most ${most} bytes but received ${length}.`, 'TOO_LARGE'));
    },
  };
}

export function isMultipart({ headers }: Request): boolean {
  return /^multipart\/form-data\s*(;|$)/i.test(headers.get('content-type') ?? '');
}
