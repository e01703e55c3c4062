import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Plugin } from 'graphql-yoga';
import type { Access } from '../access.js';
import { text } from '../responses.js';

const folder = join(import.meta.dirname, '..', 'page');
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
export function usePage(access: Access, isSecure: (request: Request) => boolean): Plugin {
  const assets = readAssets();
  return {
    async onRequest({ request, url, endResponse }) {
      if (url.pathname === '/login' && request.method === 'POST') {
        endResponse(await signIn(request, access, isSecure(request)));
        return;
      }
      const asset = assets.get(
        url.pathname === '/' ? '/index.html' : url.pathname === '/login' ? '/login.html' : url.pathname,
      );
      if (asset === undefined) return;
      if (request.method !== 'GET' && request.method !== 'HEAD')
        endResponse(text(405, 'This is only read.', { allow: 'GET, HEAD' }));
      else if (url.pathname === '/' && !access.allows(request.headers)) endResponse(redirect('/login'));
      else endResponse(serve(asset, request));
    },
  };
}

async function signIn(request: Request, access: Access, secure: boolean): Promise<Response> {
  const form = new URLSearchParams((await request.text()).slice(0, 4096));
  const result = access.signIn(form.get('key'), secure);
  if (result === 'too many') return text(429, 'Too many wrong keys. Wait a minute.', { 'retry-after': '60' });
  return result === 'wrong' ? redirect('/login?wrong') : redirect('/', { 'set-cookie': result.cookie });
}

function serve({ body, headers, etag }: Asset, request: Request): Response {
  if (request.headers.get('if-none-match') === etag)
    return new Response(null, { status: 304, headers: { ...headers, etag } });
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
    headers: { ...headers, etag, 'content-length': String(body.length) },
  });
}

function redirect(location: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store', ...headers } });
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
      return [`/${name}`, { body, headers, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"` }];
    }),
  );
}
