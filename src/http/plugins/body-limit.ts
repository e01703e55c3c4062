import type { Plugin } from 'graphql-yoga';
import { counted } from '../body.js';
import { graphqlError } from '../responses.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Of a request that brings files along, to this path. */
  readonly maxMultipartBytes: number;
  readonly path: string;
}

/**
 * Requests longer than this are refused by what they say of themselves, beyond which Node reads none; those that say nothing (chunked)
 * are counted while they are read.
 */
export function useBodyLimit({ maxBytes, maxMultipartBytes, path }: BodyLimits): Plugin {
  return {
    onRequest({ request, url, fetchAPI, serverContext, setRequest, endResponse }) {
      if (request.method !== 'POST') return;
      const coding = codingOf(request.headers);
      if (coding !== null) return endResponse(notUnderstood(coding));
      const most = url.pathname === path && isMultipart(request) ? maxMultipartBytes : maxBytes;
      const length = request.headers.get('content-length');
      if (Number(length ?? 0) > most) {
        const sentence = `Expected at most ${most} bytes but received ${length!.slice(0, 20)}.`;
        return endResponse(graphqlError(413, sentence, 'TOO_LARGE'));
      }
      // Of the requests that are not Node's nobody has checked what they say.
      if (length === null || !('req' in serverContext)) setRequest(counted(request, most, fetchAPI));
    },
  };
}

export function isMultipart({ headers }: Request): boolean {
  return /^multipart\/form-data\s*(;|$)/i.test(headers.get('content-type') ?? '');
}

/** The header that says that a body is coded in another way than in chunks. */
function codingOf(headers: Headers): 'Content-Encoding' | 'Transfer-Encoding' | null {
  const names = (header: string) =>
    (headers.get(header) ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());
  if (names('content-encoding').some((name) => name !== '' && name !== 'identity')) return 'Content-Encoding';
  return names('transfer-encoding').some((name) => name !== '' && name !== 'chunked') ? 'Transfer-Encoding' : null;
}

function notUnderstood(header: string): Response {
  const sentence = `Expected a body as it is but received one with a ${header} that is not understood.`;
  // https://www.rfc-editor.org/rfc/rfc9110#name-415-unsupported-media-type
  return graphqlError(415, sentence, 'UNSUPPORTED_ENCODING', { 'accept-encoding': 'identity' });
}
