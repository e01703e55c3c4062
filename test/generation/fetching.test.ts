import { setMaxListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSources } from '../../src/app/inputs.js';
import { InvalidInput } from '../../src/domain/problems.js';
import { type Clock, systemClock } from '../../src/environment/clock.js';
import { generationSection } from '../../src/generation/config.js';
import { imagesSection } from '../../src/images/config.js';
import type { Sources } from '../../src/inputs/sources.js';
import { openFolderImageStore } from '../../src/stores/images/folder-image-store.js';
import { HandClock } from './hand-clock.js';
import { type Answer, type ImageServer, openImageServer, sends } from './image-server.js';
import { newFolder } from './open-studio.js';

const stays = new AbortController().signal;
setMaxListeners(0, stays);
let png: Buffer;
let web: ImageServer;
/** Those who wait at `/silent`. */
const silent: Parameters<Answer>[0][] = [];
const opened: Sources[] = [];

beforeAll(async () => {
  png = await sharp({ create: { width: 16, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
});
beforeEach(async () => {
  web = await openImageServer('127.0.0.1', {
    '/image.png': sends(png),
    '/silent': (response) => void silent.push(response),
    '/reset': (response) => void response.destroy(),
    '/cut': (response) => {
      response.writeHead(200, { 'content-length': String(png.length) });
      response.write(png.subarray(0, 40), () => response.destroy());
    },
    '/garbage': (response) => void response.socket?.end('SSH-2.0-OpenSSH_9\r\n\r\n'),
    '/text': sends('not an image'),
    ...Object.fromEntries(
      [400, 401, 403, 404, 408, 410, 425, 429, 451, 500, 502, 503, 504, 522].map((status): [string, Answer] => [
        `/${status}`,
        (response) => void response.writeHead(status).end(),
      ]),
    ),
  });
});
afterEach(async () => {
  silent.length = 0;
  await web.close();
});
afterAll(() => Promise.all(opened.map((sources) => sources.close())));

const failed = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

async function open(
  clock: Clock = systemClock,
  resolve: (host: string) => Promise<readonly string[]> = async () => ['127.0.0.1'],
  env: Readonly<Record<string, string>> = {},
): Promise<Sources> {
  const folder = newFolder();
  const images = await openFolderImageStore(newFolder(), { maxBytes: 2 ** 20, onGone: () => {} });
  const settings = {
    generation: generationSection.schema.parse({
      DATA_DIR: folder,
      IMAGE_NETWORKS: '127.0.0.1/32',
      IMAGE_PORTS: `9,80,443,${web.port}`,
      ...env,
    }),
    images: imagesSection.schema.parse({}),
  };
  const sources = await openSources({ images, settings, resolve, clock });
  opened.push(sources);
  return sources;
}

const at = (path: string, host = 'web.test') => `http://${host}:${web.port}${path}`;

/** Whether its refusal says that it may come later. */
async function retryable(fetching: Promise<unknown>): Promise<boolean> {
  const error: unknown = await fetching.catch((thrown: unknown) => thrown);
  if (!(error instanceof InvalidInput)) throw new Error(`expected a refusal but received ${String(error)}`);
  expect(error.field).toBe('image.url');
  return error.retryable;
}

describe('an address from which no image comes', () => {
  it.each(['/408', '/425', '/429', '/500', '/502', '/503', '/504', '/522', '/reset', '/cut'])(
    'may give one later where it answers %s',
    async (path) => {
      const sources = await open();
      expect(await retryable(sources.open({ url: at(path) }, 'image', stays))).toBe(true);
    },
  );

  it.each(['/400', '/401', '/403', '/404', '/410', '/451', '/garbage', '/text'])(
    'will give none later where it answers %s',
    async (path) => {
      const sources = await open();
      expect(await retryable(sources.open({ url: at(path) }, 'image', stays))).toBe(false);
    },
  );

  it.each([
    ['whose name cannot be looked up at the moment', 'web.test', () => failed('EAI_AGAIN'), true],
    ['whose name is not known', 'web.test', () => failed('ENOTFOUND'), false],
    ['whose name leads nowhere', 'web.test', async () => [], false],
    ['that is private', '10.0.0.1', undefined, false],
    ['whose name is private', 'web.test', async () => ['192.168.1.1'], false],
  ] as const)('%s', async (_name, host, resolve, later) => {
    const sources = await open(systemClock, resolve);
    expect(await retryable(sources.open({ url: at('/image.png', host) }, 'image', stays))).toBe(later);
  });

  it('may give one later where nobody listens now', async () => {
    const sources = await open();
    expect(await retryable(sources.open({ url: 'http://web.test:9/x.png' }, 'image', stays))).toBe(true);
  });

  it('may give one later where its time was over', async () => {
    const clock = new HandClock();
    const sources = await open(clock);
    const refused = retryable(sources.open({ url: at('/silent') }, 'image', stays));
    await web.came(1);
    clock.advance(10_000);
    expect(await refused).toBe(true);
    expect(clock.waiting).toBe(0);
  });
});

describe('time', () => {
  it('is over although nothing but the fetch itself remembers it and memory is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const sources = await open(systemClock, undefined, { FETCH_TIMEOUT_MS: '400' });
    const eight = Array.from({ length: 8 }, (_, i) =>
      retryable(sources.open({ url: at('/silent', `${i}.test`) }, 'image', stays)),
    );
    await web.came(8);
    const collecting = setInterval(collect, 20);
    expect(await Promise.all(eight)).toEqual(Array(8).fill(true));
    clearInterval(collecting);
  });

  it('does not run while an image waits for a place', async () => {
    const clock = new HandClock();
    const sources = await open(clock);
    const first = Array.from({ length: 4 }, () => retryable(sources.open({ url: at('/silent') }, 'image', stays)));
    const fifth = sources.open({ url: at('/silent') }, 'image', stays);
    await web.came(4);
    clock.advance(10_000);
    expect(await Promise.all(first)).toEqual([true, true, true, true]);
    await web.came(5);
    clock.advance(9_999);
    silent[4]!.end(png);
    expect((await fifth).pixels.width).toBe(16);
  });
});

describe('a host that never answers', () => {
  it('holds up nobody else, and neither do many of them', async () => {
    const clock = new HandClock();
    const sources = await open(clock);
    const hosts = Array.from({ length: 12 }, (_, i) => `silent-${i}.test`);
    const asked = [...hosts, ...hosts.slice(0, 1), ...hosts.slice(0, 1), ...hosts.slice(0, 1), ...hosts.slice(0, 1)];
    const waiting = asked.map((host) => retryable(sources.open({ url: at('/silent', host) }, 'image', stays)));
    // Of the last host's five, one waits for a place.
    await web.came(asked.length - 1);
    expect((await sources.open({ url: at('/image.png') }, 'image', stays)).pixels.width).toBe(16);
    clock.advance(10_000);
    await web.came(asked.length + 1);
    clock.advance(10_000);
    expect(await Promise.all(waiting)).toEqual(asked.map(() => true));
  });

  it('is left by a caller who waits for a place there', async () => {
    const sources = await open(new HandClock());
    const leaving = new AbortController();
    const all = Array.from({ length: 5 }, () => sources.open({ url: at('/silent') }, 'image', leaving.signal));
    await web.came(4);
    leaving.abort(new Error('gone'));
    const reasons = await Promise.all(all.map((fetching) => fetching.catch((error: Error) => error.message)));
    expect(reasons).toEqual(Array(5).fill('gone'));
  });
});
