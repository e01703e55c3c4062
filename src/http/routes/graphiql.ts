import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { isKnown } from '../conditions.js';
import { etagOf } from '../etag.js';
import { acceptedCoding, wantsPage } from '../negotiation.js';
import type { Middleware } from '../route.js';

type Coding = 'br' | 'gzip' | 'identity';

interface Page {
  readonly headers: Readonly<Record<string, string>>;
  /** The page in a coding; each is made once. */
  in(coding: Coding): Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly etag: string }>;
}

/** The page on which people try the API, for browsers that come to its path. Those who may not come in were sent to the form before. */
export function graphiql(): Middleware {
  let page: Promise<Page> | null = null;
  return (next) => async (request, context) => {
    if (request.method !== 'GET' || !wantsPage(request.headers)) return next(request, context);
    page ??= render();
    const coding = acceptedCoding(request.headers.get('accept-encoding'), ['br', 'gzip']);
    const { headers, in: inCoding } = await page;
    const { body, etag } = await inCoding(coding);
    if (isKnown(request.headers.get('if-none-match'), etag))
      return new Response(null, { status: 304, headers: { ...headers, etag } });
    const coded: Record<string, string> = coding === 'identity' ? {} : { 'content-encoding': coding };
    return new Response(body, { headers: { ...headers, ...coded, etag, 'content-length': String(body.length) } });
  };
}

/** 9 MB that bring everything along, so that it works without a network: loaded when somebody looks, sent as 2 MB and only once. */
async function render(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'Inkstone', defaultQuery: exampleQuery });
  const tag = etagOf(html).slice(1, -1);
  const coded = new Map<Coding, Promise<Uint8Array<ArrayBuffer>>>();
  return {
    async in(coding) {
      const body = coded.get(coding) ?? encode(Buffer.from(html), coding);
      coded.set(coding, body);
      return { body: await body, etag: `"${tag}-${coding}"` };
    },
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // Kept, and asked for again: who may not come in any more is sent to the form.
      'cache-control': 'private, no-cache',
      vary: 'Accept, Accept-Encoding',
      'content-security-policy': policyOf(html),
      'referrer-policy': 'no-referrer',
    },
  };
}

async function encode(html: Buffer, coding: Coding): Promise<Uint8Array<ArrayBuffer>> {
  if (coding === 'identity') return new Uint8Array(html);
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
  return new Uint8Array(coding === 'br' ? await promisify(brotliCompress)(html, quick) : await promisify(gzip)(html));
}

/** Its own scripts and no others, each by its hash. The editor makes its workers out of blobs and writes styles as it goes. */
function policyOf(html: string): string {
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script]) => `'sha256-${hash(script!)}'`);
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    'worker-src blob:',
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    'font-src data:',
    "connect-src 'self' ws: wss:",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64');

const exampleQuery = `mutation Draw {
  generate(input: { prompt: "一只狗在左边，草地背景", seed: 1 }, waitMs: 30000) {
    __typename
    ... on Generation {
      id
      status
      cache
      images { url(width: 256) seed }
      timings { stage durationMs }
    }
    ... on Problem { message retryable }
  }
}
`;
