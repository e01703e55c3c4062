import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
// Compresses while it sends, and knows what the other side understands.
import compression from 'compression';
import { belowBase, publicPathOf } from './base-url.js';
import type { HttpConfig } from './config.js';

interface Parts {
  readonly settings: Pick<HttpConfig, 'PUBLIC_URL'>;
  /** Whether connections should not be used again. */
  readonly isStopping: () => boolean;
  /** Answers. */
  readonly answer: RequestListener;
}

/** What stands between Node and Yoga: addresses that are none, the path that a proxy sends along, and compression. */
export function createListener({ settings, isStopping, answer }: Parts): RequestListener {
  const base = publicPathOf(settings);
  const compress = compression({ filter: isWorthCompressing }) as unknown as Middleware;
  return (request, response) => {
    if (isStopping()) response.setHeader('connection', 'close');
    if (!isAddressed(request)) return end(response, 400, 'Expected a host and a path that make an address.\n');
    const target = belowBase(request.url ?? '/', base);
    if (target === null) return end(response, 308, '', { location: `${base}/` });
    request.url = target;
    compress(request, response, () => void answer(request, response));
  };
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Events would wait for more of their kind in the compressor. */
function isWorthCompressing(request: IncomingMessage, response: ServerResponse): boolean {
  if (/^(text\/event-stream|multipart\/)/i.test(String(response.getHeader('content-type') ?? ''))) return false;
  return compression.filter(request as never, response as never);
}

function end(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = { connection: 'close' },
): void {
  const plain = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, { ...plain, 'cache-control': 'no-store', ...headers }).end(body);
}

const HOST = /^(\[[\da-f:.]+\]|[^\s/?#@\\:[\]]+)(:\d{0,5})?$/i;

/** Any bytes may stand in a request's first line and Host header; what follows reads them as an address without asking. */
export function isAddressed({ headers: { host = 'localhost' }, url = '/' }: IncomingMessage): boolean {
  return url.startsWith('/') && HOST.test(host) && URL.canParse(`http://${host}${url}`);
}
