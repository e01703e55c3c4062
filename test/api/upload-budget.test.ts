import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UploadBudget, UploadsBusy } from '../../src/http/graphql/upload-budget.js';
import { upload, waves } from '../generation/images.js';
import { house, openServer, operation, type TestServer } from './server.js';

describe('memory that uploads share', () => {
  function budget(bytes: number) {
    let now = 0;
    const shared = new UploadBudget(bytes, () => now);
    return {
      shared,
      later(ms: number) {
        now += ms;
      },
    };
  }
  const reasonOf = (promise: Promise<never>) => promise.catch((error: unknown) => error);

  it('is taken from the slowest, for one that comes faster', async () => {
    const { shared, later } = budget(100);
    const [slow, slower] = [shared.begin(), shared.begin()];
    slow.take(60);
    slower.take(30);
    later(5000);
    const fast = shared.begin();
    fast.take(30);
    expect(await reasonOf(slower.letGo)).toBeInstanceOf(UploadsBusy);
    expect(() => slower.take(1)).toThrow(UploadsBusy);
    slow.take(10);
    fast.take(60);
    expect(await reasonOf(slow.letGo)).toBeInstanceOf(UploadsBusy);
  });

  it('is refused to one more while the others have just begun, or are whole', () => {
    const { shared, later } = budget(100);
    const young = shared.begin();
    young.take(90);
    expect(() => shared.begin().take(20)).toThrow(UploadsBusy);
    young.whole();
    later(60_000);
    expect(() => shared.begin().take(20)).toThrow(UploadsBusy);
    young.end();
    young.end();
    shared.begin().take(100);
  });

  it('is given back by one that is refused, so that others go on', () => {
    const { shared } = budget(100);
    const [a, b] = [shared.begin(), shared.begin()];
    a.take(60);
    b.take(40);
    expect(() => b.take(1)).toThrow(UploadsBusy);
    a.take(40);
  });
});

describe('uploads that never end', () => {
  const limits = { UPLOAD_BYTES: '200000', BODY_LIMIT_BYTES: '20000', UPLOADS_BYTES: '220000' };
  let server: TestServer;
  let port: number;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    server = await openServer({ env: limits, model: { editModes: ['STRENGTH'] } });
    port = Number(new URL((await server.listening()).url).port);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });

  /** Sends so many bytes of a longer upload, and no more. Resolves with what it is answered, or with nothing when it is cut off. */
  function unfinished(bytes: number): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    const body = `--x\r\nContent-Disposition: form-data; name="0"; filename="a.png"\r\n\r\n${'.'.repeat(bytes)}`;
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-graphql-yoga-csrf: 1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 210000\r\n\r\n${body}`,
    );
    let answer = '';
    return new Promise((resolve) => {
      socket.on('data', (chunk) => {
        answer += chunk.toString();
        if (answer.includes('}]}')) resolve(answer);
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', () => resolve(answer));
    });
  }

  it('hold no more than their share: one more is told to come again, and a fast one comes through', async () => {
    const answers = [unfinished(150_000), unfinished(150_000)];
    const refused = await Promise.race(answers);
    expect(refused).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1[\s\S]*"code":"UPLOADS_BUSY"/i);
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(answers);
    const { edit } = await server.send<{ edit: { __typename: string } }>(
      operation('edit'),
      { input: { ...house, image: { upload: null }, strength: 0.5 } },
      { 'variables.input.image.upload': (await upload(waves(64, 64))).upload },
    );
    expect(edit.__typename).toBe('Generation');
  });

  it('are counted until they are decoded, and not a moment longer', async () => {
    // Larger than a third of the budget: a byte that is not given back would refuse one of them.
    const padded = new Blob([(await upload(waves(64, 64))).upload, new Uint8Array(100_000)]);
    for (let i = 0; i < 5; i++) {
      const { edit } = await server.send<{ edit: { __typename: string } }>(
        operation('edit'),
        { input: { ...house, seed: i, image: { upload: null }, strength: 0.5 } },
        { 'variables.input.image.upload': padded },
      );
      expect(edit.__typename).toBe('Generation');
    }
  });
});
