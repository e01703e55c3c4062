import { Problem } from '../../domain/problems.js';
import type { UseCases } from '../../generation/types.js';
import { IMAGE_PATHS, readImagePath, readImageQuery } from '../../images/address.js';
import { tagHeaders } from '../cache-tags.js';
import { isKnown } from '../conditions.js';
import { imageResponse, openTo } from '../image-response.js';
import { acceptedImageFormat } from '../negotiation.js';
import { text } from '../responses.js';
import type { Route } from '../route.js';

const FOREVER = 'public, max-age=31536000, immutable';

/** An image in the size and format that its address names: content-addressed, so it never changes and everybody may keep it. */
export function images(service: Pick<UseCases, 'variant'>): Route {
  return {
    path: IMAGE_PATHS,
    methods: ['GET', 'HEAD'],
    access: 'open',
    refusals: 'text',
    handle: (request, { url }) => answer(service, request, url),
  };
}

async function answer(service: Pick<UseCases, 'variant'>, request: Request, url: URL): Promise<Response> {
  const named = readImagePath(url.pathname);
  if (named === null) return text(404, 'There is no such image.');
  try {
    const negotiated = named.format === 'AUTO';
    const format = named.format === 'AUTO' ? acceptedImageFormat(request.headers.get('accept')) : named.format;
    // A signed address is of one method.
    const asked = { ...readImageQuery(url.searchParams), format, mayRedirect: request.method === 'GET' };
    const result = await service.variant(named.id, asked, request.signal);
    if (!('etag' in result))
      return result.outcome === 'unknown'
        ? text(404, 'There is no such image.')
        : text(410, 'This image was here once. Asking for its recipe again makes it again.');
    const headers = {
      'cache-control': FOREVER,
      ...tagHeaders([`image-${named.id}`]),
      ...(negotiated ? { vary: 'Accept' } : {}),
    };
    if (result.outcome === 'found') return imageResponse(request, result, headers);
    if (isKnown(request.headers.get('if-none-match'), result.etag))
      return new Response(null, { status: 304, headers: { etag: result.etag, ...openTo, ...headers } });
    // A client that is told the address near the end of this time still has as much again to read it.
    const kept = { 'cache-control': `public, max-age=${Math.floor(result.seconds / 2)}`, location: result.url };
    return new Response(null, { status: 302, headers: { ...openTo, ...headers, ...kept } });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return text(error.status, error.message, error.retryable ? { 'retry-after': '1' } : {});
  }
}
