import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Plugin } from 'graphql-yoga';
import type { Access } from '../access.js';
import { etagOf, isKnown } from '../etag.js';
import { redirect, TOO_MANY_GUESSES, text } from '../responses.js';
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

/** The page at `/`, its parts, and the form that asks for the key. */
export function usePage(access: Access, visitors: RequestFacts): Plugin {
  const assets = readAssets();
  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      if (url.pathname === '/login' && request.method === 'POST') {
        endResponse(await signIn(request, access, visitors, serverContext));
        return;
      }
      const asset = assets.get(
        url.pathname === '/' ? '/index.html' : url.pathname === '/login' ? '/login.html' : url.pathname,
      );
      if (asset === undefined) return;
      const base = visitors.basePathOf(request);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        endResponse(text(405, 'This is only read.', { allow: 'GET, HEAD' }));
      else if (url.pathname === '/' && visitors.enter(request, serverContext) !== 'in')
        endResponse(redirect(`${base}/login`));
      else endResponse(serve(base === '' ? asset : basedOn(base, asset), request));
    },
  };
}

async function signIn(request: Request, access: Access, visitors: RequestFacts, context: object): Promise<Response> {
  const form = new URLSearchParams((await request.text()).slice(0, 4096));
  const base = visitors.basePathOf(request);
  const result = access.signIn(form.get('key'), visitors.isSecure(request), base || '/', visitors.callerOf(context));
  if (result === 'too many') return text(429, TOO_MANY_GUESSES, { 'retry-after': '60' });
  return result === 'wrong' ? redirect(`${base}/login?wrong`) : redirect(`${base}/`, { 'set-cookie': result.cookie });
}

/** A page that finds what is beside it also where a proxy shows it without the slash at the end of its path. */
function basedOn(base: string, asset: Asset): Asset {
  if (!asset.headers['content-type']?.startsWith('text/html')) return asset;
  const element = `<head>\n    <base href="${base.replaceAll('&', '&amp;')}/" />`;
  const policy = CONTENT_SECURITY_POLICY.replace("base-uri 'none'", "base-uri 'self'");
  const body = Buffer.from(asset.body.toString().replace('<head>', () => element));
  return { body, headers: { ...asset.headers, 'content-security-policy': policy }, etag: etagOf(body) };
}

function serve({ body, headers, etag }: Asset, request: Request): Response {
  if (isKnown(request.headers.get('if-none-match'), etag))
    return new Response(null, { status: 304, headers: { ...headers, etag } });
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
    headers: { ...headers, etag, 'content-length': String(body.length) },
  });
}

function readAssets(): ReadonlyMap<string, Asset> {
  const names = readdirSync(folder).filter((name) => extname(name) in contentTypes);
  return new Map(
    names.map((name) => {
      const body = readFileSync(join(folder, name));
      const headers = {
        'content-type': contentTypes[extname(name)]!,
        'cache-control': 'no-cache',
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      };
      return [`/${name}`, { body, headers, etag: etagOf(body) }];
    }),
  );
}
