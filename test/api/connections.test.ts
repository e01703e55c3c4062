import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { boundConnections, connectionsFor } from '../../src/http/connections.js';
import { changed, long, openServer, operation } from './server.js';

const silent = pino({ level: 'silent' });
const opened: Socket[] = [];
let server: Server;
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function serve(
  answer: Parameters<typeof createServer>[1],
  limits: { connections?: number; deliveryMs?: number },
) {
  server = createServer(answer);
  boundConnections(server, { connections: 100, deliveryMs: 200, ...limits }, silent);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Asks, and reads nothing of the answer. */
function askWithoutReading(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  socket.pause();
  opened.push(socket);
  return socket;
}

describe('a reader that takes nothing', () => {
  it('of an answer is let go after the time for it', async () => {
    let closed: Promise<unknown> | null = null;
    const port = await serve((_, response) => {
      closed = once(response, 'close');
      response.end(Buffer.alloc(50_000_000));
    }, {});
    askWithoutReading(port);
    await once(server, 'request');
    await closed;
  });

  it('of a stream is let go when too much waits for it', async () => {
    let closed: Promise<unknown> | null = null;
    const port = await serve(
      (_, response) => {
        closed = once(response, 'close');
        const writing = setInterval(() => response.write(Buffer.alloc(1_000_000)), 1);
        response.once('close', () => clearInterval(writing));
      },
      { deliveryMs: 10_000_000 },
    );
    askWithoutReading(port);
    await once(server, 'request');
    await closed;
  }, 20_000);

  it('slows nobody who reads, however slowly', async () => {
    const port = await serve((_, response) => response.end(Buffer.alloc(30_000_000)), { deliveryMs: 1500 });
    const socket = askWithoutReading(port);
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket.resume();
    const whole = new Promise((resolve) => {
      socket.on('data', () => received > 30_000_000 && resolve(true));
      socket.on('close', () => resolve(false));
    });
    expect(await whole).toBe(true);
  });
});

describe('connections', () => {
  it('beyond the limit are not taken, and those that end make room', async () => {
    const port = await serve((_, response) => response.end('ok'), { connections: 2 });
    const hold = async () => {
      const socket = connect(port, '127.0.0.1').resume();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      opened.push(socket);
      await Promise.race([once(socket, 'connect'), closed]);
      return { socket, closed };
    };
    const first = await hold();
    await hold();
    await (await hold()).closed;
    first.socket.destroy();
    await first.closed;
    const answered = async () => {
      const { socket, closed } = await hold();
      const answer = once(socket, 'data').then(String);
      socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
      return Promise.race([answer, closed]);
    };
    await expect.poll(answered).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('leave descriptors for work', () => {
    expect([null, 1024, 1_048_576, 100].map(connectionsFor)).toEqual([Number.POSITIVE_INFINITY, 768, 1_048_320, 50]);
  });
});

describe('a server that is told to stop', () => {
  it('says so at /readyz before its port closes, and finishes what runs', async () => {
    let finish = () => {};
    const working = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const stopping = await openServer({
      wrap: (service) =>
        changed(service, {
          notReady: async () => null,
          close: async (graceMs: number) => {
            await working;
            await service.close(graceMs);
          },
        }),
    });
    const listening = await stopping.listening();
    const status = () => fetch(`${listening.url}/readyz`).then((response) => response.status);
    expect(await status()).toBe(200);
    const closed = listening.close(5000);
    const late = await fetch(`${listening.url}/readyz`);
    expect([late.status, await late.text(), late.headers.get('connection')]).toEqual([
      503,
      'The server is stopping.\n',
      'close',
    ]);
    expect((await fetch(`${listening.url}/healthz`)).status).toBe(200);
    finish();
    await closed;
    await expect(status()).rejects.toThrow();
    await stopping.close();
  });

  it('waits once for what runs, though server and program both close the studio', async () => {
    const server = await openServer();
    await server.ask(operation('start'), { input: { ...long, seed: 1 } });
    expect(server.service.close(0)).toBe(server.service.close(600_000));
    await server.close();
  });
});
