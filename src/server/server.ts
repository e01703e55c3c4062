import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Studio } from '../studio/types.js';
import { createAccess } from './access.js';
import type { ServerConfig } from './config.js';
import { serveWebSocket } from './websocket.js';
import { createHttp } from './yoga.js';

export interface ServerOptions {
  readonly studio: Studio;
  readonly settings: ServerConfig;
  readonly log: Logger;
  /** Whether somebody collects spans. */
  readonly traced?: boolean;
}

/** Nobody can listen where the settings say. The sentence names the setting. */
export class AddressUnusable extends Error {
  override readonly name = 'AddressUnusable';
}

function addressUnusable(error: NodeJS.ErrnoException, { HOST, PORT }: ServerConfig): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new AddressUnusable(
        `PORT: expected a port that is free on ${HOST} but received ${PORT}, where another program listens. PORT=0 takes any free one.`,
      );
    case 'EACCES':
      return new AddressUnusable(`PORT: expected a port that this user may open but received ${PORT}.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AddressUnusable(`HOST: expected an address of this machine but received ${JSON.stringify(HOST)}.`);
    default:
      return error;
  }
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

/** The API, the pictures, the page and health, over HTTP and WebSocket. */
export function createServer({ studio, settings, log, traced = false }: ServerOptions): InkstoneServer {
  const access = createAccess(settings.ACCESS_KEY);
  const yoga = createHttp({ studio, access, settings, log, traced });
  return {
    fetch: async (request) => yoga.fetch(request),
    async listen() {
      // Slow senders are cut off; slow receivers (subscriptions) are not.
      const server = createHttpServer(
        { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 65_000 },
        (request, response) => {
          if (isAddressed(request)) return void yoga(request, response);
          response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
          response.end('Expected a host and a path that make an address.\n');
        },
      );
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(addressUnusable(error, settings)));
        server.listen(settings.PORT, settings.HOST, resolve);
      });
      // Such as too many open files: the next connection may be taken again.
      server.on('error', (error) => log.error({ err: error }, 'a connection was not taken'));
      // Afterwards: until it listens, its errors are nothing that sockets would have to do with.
      const sockets = serveWebSocket(server, { yoga, studio, access, settings });
      const { address, port, family } = server.address() as AddressInfo;
      const host = family === 'IPv6' ? `[${address}]` : address;
      let closing: Promise<void> | null = null;
      const close = async (graceMs: number) => {
        const closed = new Promise((resolve) => server.close(resolve));
        // Ends every generation's log, and with it the subscriptions that read it, by a last event.
        await studio.close(graceMs);
        await sockets.close();
        server.closeIdleConnections();
        // What is still open after its last event has no more to say.
        setTimeout(() => server.closeAllConnections(), 500).unref();
        await closed;
        await yoga.dispose();
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

/** Any bytes may stand in a request's first line and Host header; what follows reads them as an address without asking. */
function isAddressed({ headers, url }: IncomingMessage): boolean {
  return URL.canParse(`http://${headers.host ?? 'localhost'}${url ?? '/'}`);
}
