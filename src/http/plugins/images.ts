import type { Plugin } from 'graphql-yoga';
import { InvalidInput, StorageUnavailable } from '../../domain/problems.js';
import type { UseCases } from '../../generation/types.js';
import { readImagePath, readImageQuery } from '../../images/address.js';
import { isKnown } from '../etag.js';
import { text } from '../responses.js';

const FOREVER = 'public, max-age=31536000, immutable';
/** `/images/<sha256>[.format]?w&h&q`: content-addressed, so it never changes and everybody may keep it. */
export function useImages(service: UseCases): Plugin {
  return {
    async onRequest({ request, url, endResponse }) {
      if (!url.pathname.startsWith('/images/')) return;
      endResponse(await answer(service, request, url));
    },
  };
}

async function answer(service: UseCases, request: Request, url: URL): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, 'Images are only read.', { allow: 'GET, HEAD' });
  const named = readImagePath(url.pathname);
  if (named === null) return text(404, 'There is no such image.');
  try {
    const { id, format } = named;
    const accept = request.headers.get('accept') ?? '';
    const result = await service.variant(id, { ...readImageQuery(url.searchParams), format, accept }, request.signal);
    if (result.outcome !== 'found')
      return result.outcome === 'unknown'
        ? text(404, 'There is no such image.')
        : text(410, 'This image was here once. Asking for its recipe again makes it again.');
    const headers = {
      etag: result.etag,
      'cache-control': FOREVER,
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      ...(result.negotiated ? { vary: 'Accept' } : {}),
    };
    if (isKnown(request.headers.get('if-none-match'), result.etag)) return new Response(null, { status: 304, headers });
    const described = { ...headers, 'content-type': result.contentType, 'content-length': String(result.body.length) };
    return new Response(request.method === 'HEAD' ? null : Buffer.from(result.body), {
      status: 200,
      headers: described,
    });
  } catch (error) {
    if (error instanceof InvalidInput) return text(400, error.message);
    if (error instanceof StorageUnavailable) return text(503, error.message, { 'retry-after': '1' });
    throw error;
  }
}
