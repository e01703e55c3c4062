import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A web server on an address of this machine, which counts who came. */
export interface ImageServer {
  readonly port: number;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Resolves when so many requests have come. */
  came(requests: number): Promise<void>;
  readonly headers: IncomingMessage['headers'][];
  /** Connections, whether or not anything was asked. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export async function openImageServer(
  address: string,
  answers: Readonly<Record<string, Answer>>,
  port = 0,
): Promise<ImageServer> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const sockets = new Set<Socket>();
  const arrivals = new EventEmitter().setMaxListeners(0);
  let connections = 0;
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://any').pathname;
    asked.push(path);
    arrivals.emit('request');
    headers.push(request.headers);
    const answer = answers[path];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response, request);
  });
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async came(requests) {
      while (asked.length < requests) await once(arrivals, 'request');
    },
    headers,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export const sends =
  (body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    void response.writeHead(200, headers).end(body);

export const redirects =
  (location: string, status = 302): Answer =>
  (response) =>
    void response.writeHead(status, { location }).end();
