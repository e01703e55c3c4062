import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { addressUnusable } from './address-unusable.js';
import type { Listening } from './server.js';

/** What a process without an API tells of itself. */
export interface Probes {
  /** Null where it can work, else one sentence that says why not. */
  ready(): Promise<string | null>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
}

export interface ProbeSettings {
  readonly HOST: string;
  readonly PORT: number;
}

/** Serves `/healthz`, `/readyz` and `/metrics`. @throws AddressUnusable */
export async function serveProbes(probes: Probes, { HOST, PORT }: ProbeSettings): Promise<Listening> {
  const server = createServer((request, response) => {
    answer(probes, request, response).catch(() => {
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(addressUnusable(error, { HOST, PORT })));
    server.listen(PORT, HOST, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : PORT;
  const host = HOST.includes(':') ? `[${HOST}]` : HOST;
  return {
    url: `http://${host}:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(probes: Probes, { method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
    response
      .writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      .end(method === 'HEAD' ? undefined : body);
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    text(405, 'Expected GET.\n');
    return;
  }
  switch (url?.split('?')[0]) {
    case '/healthz':
      text(200, 'ok\n');
      return;
    case '/readyz': {
      const reason = await probes.ready();
      text(reason === null ? 200 : 503, `${reason ?? 'ok'}\n`);
      return;
    }
    case '/metrics':
      text(200, await probes.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
      return;
    default:
      text(404, 'There is nothing here.\n');
  }
}
