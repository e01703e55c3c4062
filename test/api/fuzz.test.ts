import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawer, hostileRequest } from './fuzz.js';
import { openServer, type TestServer } from './server.js';

/** More: `FUZZ=10000 npm test -- test/api/fuzz.test.ts`. */
const count = Number(process.env.FUZZ ?? 400);
const AT_ONCE = 8;
let open: TestServer;
let locked: TestServer;
beforeAll(async () => {
  open = await openServer({ env: { PUBLIC_URL: 'https://images.example/ink', BODY_LIMIT_BYTES: '60000' } });
  locked = await openServer({
    env: { ACCESS_KEY: 'a key that nobody guesses', TRUST_PROXY: 'true', CORS_ORIGINS: '*' },
  });
});
afterAll(async () => {
  await open.close();
  await locked.close();
});

function answerTo(port: number, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    // Half a request is waited for; nobody has to wait here.
    socket.setTimeout(1000, () => socket.destroy());
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
  });
}

/** What no answer may hold, and what is in none of the page's own files. */
const LEAK = /node_modules|\/work\/|\/tmp\/|file:\/\/|\n\s+at .*:\d+:\d+|\bat Object\.|ENOENT|SQLITE/;

describe.each([
  ['without a key', () => open],
  ['with a key', () => locked],
])('hostile requests to a server %s', (_name, of) => {
  it('are answered without a failure, a stack, a path or a long header', async () => {
    const server = of();
    const port = Number(new URL((await server.listening()).url).port);
    const before = server.log.length;
    const draw = drawer(20_261_128);
    const worst: string[] = [];
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      const requests = Array.from({ length: AT_ONCE }, () => hostileRequest(draw));
      const answers = await Promise.all(requests.map((request) => answerTo(port, request)));
      for (const [i, answer] of answers.entries()) {
        const head = answer.split('\r\n\r\n')[0]!;
        const isPage = /content-type: text\/(html|javascript)/i.test(head);
        const failed = /^HTTP\/1\.1 5(?!03 )/.test(answer) || head.length > 4000 || (!isPage && LEAK.test(answer));
        if (failed) worst.push(`${requests[i]!.toString('latin1').slice(0, 600)}\n→ ${answer.slice(0, 600)}`);
      }
    }
    expect(worst.slice(0, 3)).toEqual([]);
    expect(server.log.slice(before).filter((line) => /unexpected|"level":(50|60)/.test(line))).toEqual([]);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});
