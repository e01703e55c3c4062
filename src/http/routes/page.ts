import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isKnown } from '../conditions.js';
import { etagOf } from '../etag.js';
import { redirect } from '../responses.js';
import type { Route } from '../route.js';
import type { RequestFacts } from '../visitor.js';

const folder = join(import.meta.dirname, '..', '..', 'page');
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self' ws: wss:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

interface Asset {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
}

/** The page at `/` and its parts. Who may not come in is sent to the form from the page; its parts are open. */
export function pageFiles(visitors: RequestFacts): readonly Route[] {
  const names = readdirSync(folder).filter((name) => extname(name) in contentTypes);
  return [page('/', 'index.html', visitors), ...names.map((name) => page(`/${name}`, name, visitors))];
}

function page(path: string, name: string, visitors: RequestFacts): Route {
  const asset = readAsset(name);
  return {
    path,
    methods: ['GET', 'HEAD'],
    access: 'open',
    refusals: 'text',
    handle(request, context) {
      const base = visitors.basePathOf(request);
      if (path === '/' && visitors.enter(request, context) !== 'in') return redirect(`${base}/login`);
      return sendAsset(asset, base, request);
    },
  };
}

/** @param base the path below which clients see this server */
export function sendAsset(asset: Asset, base: string, request: Request): Response {
  const { body, headers, etag } = base === '' ? asset : basedOn(base, asset);
  if (isKnown(request.headers.get('if-none-match'), etag))
    return new Response(null, { status: 304, headers: { ...headers, etag } });
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
    headers: { ...headers, etag, 'content-length': String(body.length) },
  });
}

export function readAsset(name: string): Asset {
  const body = readFileSync(join(folder, name));
  const headers = {
    'content-type': contentTypes[extname(name)]!,
    'cache-control': 'no-cache',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'referrer-policy': 'no-referrer',
  };
  return { body, headers, etag: etagOf(body) };
}

/** A page that finds what is beside it also where a proxy shows it without the slash at the end of its path. */
function basedOn(base: string, asset: Asset): Asset {
  if (!asset.headers['content-type']?.startsWith('text/html')) return asset;
  const element = `<head>\n    <base href="${base.replaceAll('&', '&amp;')}/" />`;
  const policy = CONTENT_SECURITY_POLICY.replace("base-uri 'none'", "base-uri 'self'");
  const body = Buffer.from(asset.body.toString().replace('<head>', () => element));
  return { body, headers: { ...asset.headers, 'content-security-policy': policy }, etag: etagOf(body) };
}
