import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { startNginx } from '../../infra/services/nginx.js';
import { installed } from '../../infra/services/service.js';
import { bundle } from '../client/bundle.js';

export interface Edge {
  readonly url: string;
  close(): Promise<void>;
}

export interface EdgeKind {
  readonly name: string;
  readonly installed: boolean;
  /** Whether signatures are checked before the program is asked. */
  readonly checksSignatures: boolean;
  readonly purgesByTag: boolean;
  start(origin: string, keys: string): Promise<Edge>;
}

export const PURGE_SECRET = `whsec_${Buffer.from('a secret of the purges of this edge').toString('base64')}`;
export const REFRESH = 'a-secret-of-the-refreshes';

const worker: EdgeKind = {
  ...{ name: 'the Worker, in workerd', installed: true, checksSignatures: true, purgesByTag: true },
  async start(origin, keys) {
    const miniflare = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: await bundle('infra/edge/worker.ts') }],
      ...{ compatibilityDate: '2026-04-01', cf: false, port: 0, host: '127.0.0.1' },
      bindings: { ORIGIN: origin, RENDER_KEYS: keys, PURGE_SECRET },
    });
    const url = String(await miniflare.ready).replace(/\/$/, '');
    return { url, close: () => miniflare.dispose() };
  },
};

const nginx: EdgeKind = {
  ...{ name: 'nginx', checksSignatures: false, purgesByTag: false },
  installed: installed('nginx', '/usr/sbin/nginx') !== null || process.env.CI !== undefined,
  async start(origin) {
    const cache = mkdtempSync(join(tmpdir(), 'inkstone-edge-'));
    const template = readFileSync(join(import.meta.dirname, '../../infra/edge/nginx.conf'), 'utf8');
    const service = await startNginx((port) => {
      const values: Record<string, string> = {
        ...{ EDGE_LISTEN: `127.0.0.1:${port}`, EDGE_ORIGIN: new URL(origin).host },
        ...{ EDGE_CACHE: cache, EDGE_REFRESH: REFRESH },
      };
      return template.replaceAll(/\$\{(EDGE_\w+)\}/g, (_, name: string) => values[name]!);
    });
    return {
      url: service.url,
      async close() {
        await service.stop();
        rmSync(cache, { recursive: true, force: true });
      },
    };
  },
};

export const edges: readonly EdgeKind[] = [worker, nginx];
