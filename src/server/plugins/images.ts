import type { Plugin } from 'graphql-yoga';
import { InvalidInput } from '../../studio/problems.js';
import type { ImageFormat, Studio, VariantRequest } from '../../studio/types.js';
import { text } from '../responses.js';

const PATH = /^\/images\/([0-9a-f]{64})(?:\.(png|jpg|jpeg|webp|avif))?$/;
const FOREVER = 'public, max-age=31536000, immutable';
const formats: Readonly<Record<string, ImageFormat>> = {
  png: 'PNG',
  jpg: 'JPEG',
  jpeg: 'JPEG',
  webp: 'WEBP',
  avif: 'AVIF',
};

/** `/images/<sha256>[.format]?w&h&q`: content-addressed, so it never changes and everybody may keep it. */
export function useImages(studio: Studio): Plugin {
  return {
    async onRequest({ request, url, endResponse }) {
      if (!url.pathname.startsWith('/images/')) return;
      endResponse(await answer(studio, request, url));
    },
  };
}

async function answer(studio: Studio, request: Request, url: URL): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, 'Pictures are only read.', { allow: 'GET, HEAD' });
  const [, id, extension] = PATH.exec(url.pathname) ?? [];
  if (id === undefined) return text(404, 'There is no such picture.');
  try {
    const variant = readVariant(url.searchParams, extension, request.headers.get('accept') ?? '');
    const result = await studio.variant(id, variant, request.signal);
    if (result.outcome !== 'found')
      return result.outcome === 'unknown'
        ? text(404, 'There is no such picture.')
        : text(410, 'This picture was here once. Asking for its recipe again makes it again.');
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
    throw error;
  }
}

function readVariant(query: URLSearchParams, extension: string | undefined, accept: string): VariantRequest {
  const number = (name: 'w' | 'h' | 'q', field: string) => {
    const value = query.get(name);
    if (value === null) return undefined;
    if (/^\d{1,9}$/.test(value)) return Number(value);
    throw new InvalidInput(
      field,
      `Expected \`${name}\` to be a whole number but received ${JSON.stringify(value.slice(0, 60))}.`,
    );
  };
  return {
    width: number('w', 'width'),
    height: number('h', 'height'),
    quality: number('q', 'quality'),
    format: extension === undefined ? 'AUTO' : formats[extension]!,
    accept,
  };
}

/** If-None-Match, which compares weakly. https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match */
function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
