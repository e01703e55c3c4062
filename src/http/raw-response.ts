import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Refuses what never became a request that Node could answer, and ends its connection. */
export function refuseRaw(socket: Duplex, status: number, sentence: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = `${sentence}\n`;
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
  ];
  socket.on('error', () => {});
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
