import { readFileSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { refuseRaw } from './raw-response.js';

/** What waits for one reader of a stream, in the program's memory. Ends of streams and the largest previews are some hundred kilobytes. */
const MAX_UNDELIVERED_BYTES = 4 * 1024 ** 2;
/** Left for images, records, models and the engine's process, where few descriptors may be open. */
const DESCRIPTORS_FOR_WORK = 256;

export interface ConnectionLimits {
  readonly connections: number;
  /** Milliseconds after which a connection is let go that has taken nothing of what waits for it. */
  readonly deliveryMs: number;
}

/** Bounds what connections cost: how many there are, and how long and how much they are waited for. */
export function boundConnections(server: Server, { connections, deliveryMs }: ConnectionLimits, log: Logger): void {
  const open = new Map<Socket, ServerResponse | null>();
  server.maxConnections = Math.min(connections, connectionsFor(openFilesLimit()));
  let dropped = 0;
  server.on('drop', () => {
    dropped += 1;
  });
  server.on('connection', (socket) => {
    open.set(socket, null);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    open.set(socket, response);
    response.once('close', () => {
      if (open.get(socket) === response) open.set(socket, null);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = open.get(socket as Socket)?.headersSent === true;
    if (error.code === 'ECONNRESET' || begun) socket.destroy();
    else refuseRaw(socket, ...refusalOf(error.code));
  });
  const sweep = setInterval(
    () => {
      if (dropped > 0)
        log.warn({ dropped, limit: server.maxConnections }, 'connections were refused: CONNECTION_LIMIT');
      dropped = 0;
      for (const [socket, response] of open) letGoOfStalled(socket, response, deliveryMs);
    },
    Math.min(5000, deliveryMs / 2),
  );
  sweep.unref();
  server.once('close', () => clearInterval(sweep));
}

/** Node's own timer knows how far a write has come; it is wound up only where something waits to be written. */
function letGoOfStalled(socket: Socket, response: ServerResponse | null, deliveryMs: number): void {
  const waiting = socket.writableLength;
  const isStream = response === null || !response.writableEnded;
  if (isStream && waiting > MAX_UNDELIVERED_BYTES) socket.destroy();
  else if (waiting > 0 && !socket.timeout) socket.setTimeout(deliveryMs, () => socket.destroy());
  else if (waiting === 0 && socket.timeout === deliveryMs) socket.setTimeout(0).removeAllListeners('timeout');
}

function refusalOf(code: string | undefined): [number, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Expected shorter headers.'];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'Expected shorter chunk extensions.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Expected the request sooner.'];
    default:
      return [400, 'Expected a request in HTTP/1.1 but received something else.'];
  }
}

/** @param files that may be open; null where nobody says */
export function connectionsFor(files: number | null): number {
  if (files === null) return Number.POSITIVE_INFINITY;
  return files - Math.min(DESCRIPTORS_FOR_WORK, Math.floor(files / 2));
}

/** Linux says it in a file. Elsewhere the setting alone decides. */
function openFilesLimit(): number | null {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
