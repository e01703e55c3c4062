import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { UseCases } from '../generation/types.js';
import { createAccess } from './access.js';
import { addressUnusable } from './address-unusable.js';
import { belowBase, publicPathOf } from './base-url.js';
import type { HttpConfig } from './config.js';
import { boundConnections } from './connections.js';
import { serveWebSocket } from './graphql/websocket.js';
import { createListener } from './listener.js';
import { redirect } from './responses.js';
import { createRouter, type Measured } from './router.js';

export interface ServerOptions {
  readonly service: UseCases;
  readonly settings: HttpConfig;
  readonly log: Logger;
  /** Whether spans are collected. */
  readonly traced?: boolean;
  readonly measured?: Measured | undefined;
}

export interface Listening {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Stops taking requests, lets the studio finish, ends what is still open. Idempotent. */
  close(graceMs: number): Promise<void>;
}

export interface InkstoneServer {
  /** Answers one request, without a port. */
  fetch(request: Request): Promise<Response>;
  /** @throws AddressUnusable */
  listen(): Promise<Listening>;
}

/** How long `/readyz` says at least that the server stops before its port closes. */
const NOTICE_MS = 500;

const timeouts = { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 65_000 };

/** The API, the images, the page and health, over HTTP and WebSocket. */
export function createServer({ service, settings, log, traced = false, measured }: ServerOptions): InkstoneServer {
  const access = createAccess(settings.ACCESS_KEY);
  let stopping = false;
  const isStopping = () => stopping;
  const { http, graphql } = createRouter({ service, access, settings, log, traced, isStopping, measured });
  return {
    fetch: async (request) => {
      const { origin, pathname, search } = new URL(request.url);
      const base = publicPathOf(settings);
      const target = belowBase(pathname + search, base);
      if (target === null) return redirect(`${base}/`);
      return http.fetch(target === pathname + search ? request : new Request(origin + target, request));
    },
    async listen() {
      // Slow senders are cut off; receivers are when they take nothing at all (`boundConnections`).
      const server = createHttpServer(timeouts, createListener({ settings, isStopping, answer: http.requestListener }));
      boundConnections(
        server,
        { connections: settings.CONNECTION_LIMIT, deliveryMs: settings.DELIVERY_TIMEOUT_MS },
        log,
      );
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(addressUnusable(error, settings)));
        server.listen(settings.PORT, settings.HOST, resolve);
      });
      // Such as too many open files: the next connection may be taken again.
      server.on('error', (error) => log.error({ err: error }, 'a connection was not taken'));
      const sockets = serveWebSocket(server, { graphql, service, access, settings });
      const { address, port, family } = server.address() as AddressInfo;
      const host = family === 'IPv6' ? `[${address}]` : address;
      let closing: Promise<void> | null = null;
      const close = async (graceMs: number) => {
        stopping = true;
        // Ends every generation's log, and with it the subscriptions that read it, by a last event. Meanwhile the port answers, and
        // whoever asks `/readyz` sends nothing new here.
        await Promise.all([service.close(graceMs), setTimeout(Math.min(graceMs, NOTICE_MS))]);
        const closed = new Promise((resolve) => server.close(resolve));
        await sockets.close();
        server.closeIdleConnections();
        // What is still open after its last event has no more to say.
        setTimeout(500, null, { ref: false }).then(() => server.closeAllConnections());
        await closed;
        await http.dispose();
        await graphql.dispose();
      };
      return {
        url: `http://${host}:${port}`,
        close: (graceMs) => {
          closing ??= close(graceMs);
          return closing;
        },
      };
    },
  };
}
