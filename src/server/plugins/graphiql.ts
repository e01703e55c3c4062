import { createHash } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import type { Access } from '../access.js';
import { wantsPage } from '../negotiation.js';

interface Page {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** The page on which people try the API, for browsers that come to its path. Those who may not come in are sent to the form by the plugin for access. */
export function useGraphiQL(access: Access, path: string, defaultQuery: string): Plugin {
  let page: Promise<Page> | null = null;
  return {
    async onRequest({ request, url, endResponse }) {
      if (request.method !== 'GET' || url.pathname !== path || !access.allows(request.headers)) return;
      if (!wantsPage(request.headers)) return;
      page ??= render(defaultQuery);
      const { body, headers } = await page;
      endResponse(new Response(new Uint8Array(body), { headers }));
    },
  };
}

/** 9 MB that bring everything along, so that it works without a network: loaded when somebody looks. */
async function render(defaultQuery: string): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'Inkstone', defaultQuery });
  const body = Buffer.from(html);
  return {
    body,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'private, no-store',
      'content-security-policy': policyOf(html),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  };
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
