import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSources } from '../../src/app/inputs.js';
import { InvalidInput, NotFound } from '../../src/domain/problems.js';
import { type Clock, systemClock } from '../../src/environment/clock.js';
import { generationSection } from '../../src/generation/config.js';
import { imagesSection } from '../../src/images/config.js';
import type { ImageRequest } from '../../src/inputs/source.js';
import { hashOf, type Sources } from '../../src/inputs/sources.js';
import { openFolderImageStore } from '../../src/stores/images/folder-image-store.js';
import type { ImageStore } from '../../src/stores/images/image-store.js';
import { HandClock } from './hand-clock.js';
import { type ImageServer, openImageServer, redirects, sends } from './image-server.js';

const newFolder = () => mkdtempSync(join(tmpdir(), 'inkstone-sources-'));
const stays = new AbortController().signal;
const pixels = Buffer.from(Array.from({ length: 16 * 8 * 3 }, (_, i) => (i * 37) % 256));
const image = () => sharp(pixels, { raw: { width: 16, height: 8, channels: 3 } });
let png: Buffer<ArrayBuffer>;
let images: ImageStore;
const opened: Sources[] = [];

beforeAll(async () => {
  png = Buffer.from(await image().png().toBuffer());
  images = await openFolderImageStore(newFolder(), { maxBytes: 2 ** 20, onGone: () => {} });
});
afterAll(() => Promise.all(opened.map((sources) => sources.close())));

async function open(
  env: Readonly<Record<string, string>> = {},
  resolve?: (host: string) => Promise<readonly string[]>,
  folder = newFolder(),
  clock: Clock = systemClock,
): Promise<Sources> {
  const settings = {
    generation: generationSection.schema.parse({ DATA_DIR: folder, ...env }),
    images: imagesSection.schema.parse(env),
  };
  const sources = await openSources({ images, settings, clock, ...(resolve === undefined ? {} : { resolve }) });
  opened.push(sources);
  return sources;
}

/** Field and sentence of the refusal. */
async function refusal(sources: Sources, input: ImageRequest): Promise<{ field: string; message: string }> {
  const error: unknown = await sources.open(input, 'image', stays).catch((thrown: unknown) => thrown);
  if (!(error instanceof InvalidInput)) throw new Error(`expected a refusal but received ${String(error)}`);
  return { field: error.field, message: error.message };
}

describe('an image', () => {
  it('is the same by id, by upload and in another encoding', async () => {
    const sources = await open();
    const id = await images.put(png);
    const byId = await sources.open({ id }, 'image', stays);
    const byUpload = await sources.open({ upload: new Blob([png]), id: null }, 'image', stays);
    const asWebp = await sources.open(
      { upload: new Blob([new Uint8Array(await image().webp({ lossless: true }).toBuffer())]) },
      'image',
      stays,
    );
    expect([byId.imageId, byUpload.imageId, asWebp.imageId]).toEqual([id, null, null]);
    expect(byUpload.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect([byId.sha256, asWebp.sha256]).toEqual([byUpload.sha256, byUpload.sha256]);
    expect(Buffer.from(byId.pixels.data)).toEqual(pixels);
  });

  it('is another with the same bytes in another shape', async () => {
    const sources = await open();
    const turned = await sharp(pixels, { raw: { width: 8, height: 16, channels: 3 } })
      .png()
      .toBuffer();
    const [a, b] = await Promise.all(
      [png, turned].map((bytes) => sources.open({ upload: new Blob([new Uint8Array(bytes)]) }, 'image', stays)),
    );
    expect(a!.sha256).not.toBe(b!.sha256);
  });

  it('is read by what it is, whatever its name and its type say', async () => {
    const sources = await open();
    const upload = new File([png], '../../evil.svg', { type: 'image/svg+xml' });
    expect((await sources.open({ upload }, 'image', stays)).pixels.width).toBe(16);
    const svg = new File(['<svg xmlns="http://www.w3.org/2000/svg"/>'], 'image.png', { type: 'image/png' });
    expect(await refusal(sources, { upload: svg })).toEqual({
      field: 'image.upload',
      message:
        'Expected `image.upload` to be an image in PNG, JPEG, WebP, AVIF or GIF but received SVG or other markup.',
    });
  });

  it('is refused with the field, the reason and what came', async () => {
    const sources = await open({ INPUT_PIXELS: '100' });
    expect((await refusal(sources, { upload: new Blob([png]) })).message).toBe(
      'Expected `image.upload` to be an image of at most 100 pixels but received 16 × 8.',
    );
    expect((await refusal(sources, { upload: new Blob([png.subarray(0, 60)]) })).message).toBe(
      'Expected `image.upload` to be a whole image but received PNG that is damaged or cut short.',
    );
    expect((await refusal(sources, {})).message).toMatch(/exactly one of id, upload and url but received 0 of them/);
    expect((await refusal(sources, { id: 'x', url: 'http://x' })).field).toBe('image');
  });

  it('that is not there is not found, whatever its id looks like', async () => {
    const sources = await open();
    for (const id of ['0'.repeat(64), '../../../etc/passwd', ''])
      await expect(sources.open({ id }, 'image', stays)).rejects.toBeInstanceOf(NotFound);
  });

  it('of a caller who has left is not opened', async () => {
    const sources = await open();
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(sources.open({ upload: new Blob([png]) }, 'image', gone)).rejects.toThrow('gone');
  });
});

describe('a mask', () => {
  it('is lightness, and has a hash of its own', async () => {
    const sources = await open();
    const upload = new Blob([new Uint8Array(await image().toColourspace('b-w').png().toBuffer())]);
    const mask = await sources.openMask({ upload }, 'mask', stays);
    expect([mask.width, mask.height, mask.data.length]).toEqual([16, 8, 128]);
    expect(await hashOf(mask)).not.toBe((await sources.open({ upload }, 'image', stays)).sha256);
  });
});

describe('what is kept for a job', () => {
  it('comes back bit by bit, in another process too, and never among the images that are served', async () => {
    const folder = newFolder();
    const sources = await open({}, undefined, folder);
    const { pixels: source } = await sources.open({ upload: new Blob([png]) }, 'image', stays);
    const grey = { width: 4, height: 2, data: Uint8Array.from([0, 1, 127, 128, 129, 200, 254, 255]) };
    const [id, maskId] = [await sources.store(source), await sources.storeMask(grey)];
    const again = await open({}, undefined, folder);
    expect(Buffer.from((await again.read(id))!.data)).toEqual(pixels);
    expect(Uint8Array.from((await again.readMask(maskId))!.data)).toEqual(grey.data);
    expect(await images.read(id)).toBeNull();
    expect(readdirSync(join(folder, 'sources')).length).toBeGreaterThan(0);
    expect(await sources.store(source)).toBe(id);
  });

  it('makes room, and says so', async () => {
    const sources = await open({ SOURCE_STORE_BYTES: '1000' });
    const shade = (value: number) => ({ width: 16, height: 8, data: pixels.map((byte) => byte ^ value) });
    const first = await sources.store(shade(0));
    let last = first;
    for (const value of [1, 2, 3, 4]) last = await sources.store(shade(value));
    expect(await sources.read(first)).toBeNull();
    expect(await sources.read(last)).not.toBeNull();
  });
});

describe('an image by address', () => {
  let web: ImageServer;
  /** What lies inside: nobody may ever come. */
  let inside: ImageServer;
  let allowed: Record<string, string>;

  beforeAll(async () => {
    web = await openImageServer('127.0.0.1', {
      '/image.png': (response) => sends(png, { 'content-type': 'text/html' })(response, {} as never),
      '/again': redirects('/image.png', 308),
      '/1': redirects('/2'),
      '/2': redirects('/3', 301),
      '/3': redirects('/image.png', 307),
      '/0': redirects('/1'),
      '/circle': redirects('/circle'),
      '/to-file': redirects('file:///etc/passwd'),
      '/to-nothing': redirects('http://'),
      '/to-user': (response, request) =>
        redirects(`http://user:pass@${request.headers.host}/image.png`)(response, request),
      '/to-ssh': redirects('http://127.0.0.1:22/'),
      '/to-metadata': redirects('http://169.254.169.254/latest/meta-data/'),
      '/to-inside': (response) => redirects(`http://127.0.0.2:${inside.port}/secret`)(response, {} as never),
      '/to-mapped': (response) => redirects(`http://[::ffff:127.0.0.2]:${inside.port}/secret`)(response, {} as never),
      '/to-decimal': (response) => redirects(`http://2130706434:${inside.port}/secret`)(response, {} as never),
      '/to-name': (response) => redirects(`http://inside.test:${inside.port}/secret`)(response, {} as never),
      '/404': (response) => void response.writeHead(404).end('secret words'),
      '/private': (response) =>
        void response.writeHead(401, { 'www-authenticate': 'Basic realm="secret words"' }).end(),
      '/html': sends('<html>secret words</html>', { 'content-type': 'image/png' }),
      '/gzip': sends(gzipSync(Buffer.alloc(10_000_000)), { 'content-encoding': 'gzip', 'content-type': 'image/png' }),
      '/long': sends(Buffer.alloc(40_000), { 'content-type': 'image/png' }),
      '/endless': (response) => {
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on('drain', more);
        more();
      },
      '/cut': (response) => {
        response.writeHead(200, { 'content-length': String(png.length) });
        response.write(png.subarray(0, 40), () => response.destroy());
      },
      '/silent': () => {},
      '/slow': (response) => {
        response.writeHead(200);
        const drops = setInterval(() => response.write('\x89'), 30);
        response.on('close', () => clearInterval(drops));
      },
      '/upgrade': (response) => void response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end(),
    });
    inside = await openImageServer('127.0.0.2', { '/secret': sends(png), '/image.png': sends(png) }, web.port);
    // As an operator would let images come from one machine of his own. 127.0.0.2 is another, as far as addresses go.
    allowed = {
      IMAGE_NETWORKS: '127.0.0.1/32',
      IMAGE_PORTS: `80,443,${web.port}`,
      FETCH_BYTES: '32768',
      FETCH_TIMEOUT_MS: '5000',
    };
  });
  afterAll(() => Promise.all([web.close(), inside.close()]));
  beforeEach(() => {
    web.asked.length = 0;
    web.headers.length = 0;
  });

  const names: Readonly<Record<string, readonly string[]>> = {
    'web.test': ['127.0.0.1'],
    'cdn.web.test': ['127.0.0.1'],
    'inside.test': ['127.0.0.2'],
    'both.test': ['127.0.0.1', '127.0.0.2'],
    'six.test': ['127.0.0.1', 'fd00:ec2::254'],
  };
  const resolve = async (host: string) => {
    const found = names[host];
    if (found === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
    return found;
  };
  const at = (path: string, host = 'web.test') => `http://${host}:${web.port}${path}`;
  const unreachable =
    'Expected `image.url` to be a public address that answers with an image within 5 s but received one that does not.';

  it('is the same as by upload, and its type is not asked', async () => {
    const sources = await open(allowed, resolve);
    const fetched = await sources.open({ url: at('/image.png?key=secret') }, 'image', stays);
    const sent = await sources.open({ upload: new Blob([png]) }, 'image', stays);
    expect([fetched.sha256, fetched.imageId]).toEqual([sent.sha256, null]);
    expect(web.headers[0]).toMatchObject({ 'accept-encoding': 'identity', connection: 'close' });
    expect(Object.keys(web.headers[0]!)).not.toContain('traceparent');
  });

  it('follows three redirects, and not a fourth', async () => {
    const sources = await open(allowed, resolve);
    expect((await sources.open({ url: at('/1') }, 'image', stays)).pixels.width).toBe(16);
    expect((await sources.open({ url: at('/again') }, 'image', stays)).pixels.width).toBe(16);
    const sentence = 'Expected `image.url` to be at most 3 redirects away but received more.';
    expect((await refusal(sources, { url: at('/0') })).message).toBe(sentence);
    expect((await refusal(sources, { url: at('/circle') })).message).toBe(sentence);
  });

  it.each([
    ['a file', 'file:///etc/passwd', /an http or https address but received one of "file:"/],
    ['data in itself', 'data:image/png;base64,iVBORw0KGgo=', /an http or https address/],
    ['no address', 'not an address', /an http or https address but received "not an address"/],
    ['a relative one', '/image.png', /an http or https address/],
    ['gopher', 'gopher://127.0.0.1:6379/_FLUSHALL', /an http or https address/],
    ['a password', 'http://user:hunter2@web.test/image.png', /without user name and password but received one with/],
    ['a user alone', 'http://hunter2@web.test/', /without user name and password/],
    ['another port', 'http://web.test:22/', /an address on port 80 or 443 or \d+ but received one on 22/],
    ['a novel', `http://web.test/${'a'.repeat(3000)}`, /at most 2048 characters long but received 3016/],
  ])('that is %s is refused before anybody is asked', async (_name, url, sentence) => {
    const sources = await open(allowed, () => Promise.reject(new Error('nobody may look this up')));
    const { field, message } = await refusal(sources, { url });
    expect([field, message]).toEqual(['image.url', expect.stringMatching(sentence)]);
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['by its number', '127.0.0.2'],
    ['in decimal', '2130706434'],
    ['in octal', '0177.0.0.02'],
    ['in hex', '0x7f000002'],
    ['in hex, part by part', '0x7f.0x0.0x0.0x2'],
    ['shortened', '127.2'],
    ['in full-width digits', '１２７.０.０.２'],
    ['with an encoded dot', '127%2e0.0.2'],
    ['with a dot at its end', '127.0.0.2.'],
    ['mapped into IPv6', '[::ffff:127.0.0.2]'],
    ['mapped into IPv6, in hex', '[::ffff:7f00:2]'],
    ['compatible with IPv6', '[::127.0.0.2]'],
    ['in NAT64', '[64:ff9b::127.0.0.2]'],
    ['in 6to4', '[2002:7f00:2::]'],
    ['as a name', 'inside.test'],
    ['as one of the addresses of a name', 'both.test'],
    ['as this machine', '0.0.0.0'],
    ['as loopback of IPv6', '[::1]'],
    ['as one of the IPv6 addresses of a name', 'six.test'],
    ['as cloud metadata', '169.254.169.254'],
    ['as a name that does not exist', 'nowhere.test'],
  ])('inside of our network is refused %s, in one sentence for all', async (_name, host) => {
    const sources = await open(allowed, resolve);
    const before = [inside.connections(), web.connections()];
    expect(await refusal(sources, { url: at('/image.png', host) })).toEqual({
      field: 'image.url',
      message: unreachable,
    });
    expect([inside.connections(), web.connections()]).toEqual(before);
  });

  it.each(['/to-inside', '/to-mapped', '/to-decimal', '/to-name', '/to-metadata', '/to-nothing'])(
    'whose redirect goes %s is refused in the same sentence',
    async (path) => {
      const sources = await open(allowed, resolve);
      expect((await refusal(sources, { url: at(path) })).message).toBe(unreachable);
      expect([inside.connections(), web.asked]).toEqual([0, [path]]);
    },
  );

  it.each(['/to-file', '/to-user', '/to-ssh'])('whose redirect goes %s breaks the rules of addresses', async (path) => {
    const sources = await open(allowed, resolve);
    const { message } = await refusal(sources, { url: at(path) });
    expect(message).toMatch(
      /an address that leads to one that may be fetched but received one that redirects elsewhere/,
    );
    expect(web.asked).toEqual([path]);
  });

  it('is asked where its name was when it was checked, wherever the name leads a moment later', async () => {
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    const sources = await open(allowed, async () => answers.shift() ?? ['127.0.0.2']);
    expect((await sources.open({ url: at('/image.png', 'rebinding.test') }, 'image', stays)).pixels.width).toBe(16);
    expect([web.asked, inside.connections(), answers.length]).toEqual([['/image.png'], 0, 1]);
    // … and every step of the way is looked up anew.
    const later = [['127.0.0.1'], ['127.0.0.2']];
    const again = await open(allowed, async () => later.shift()!);
    expect((await refusal(again, { url: at('/again', 'rebinding.test') })).message).toBe(unreachable);
    expect(inside.connections()).toBe(0);
  });

  it.each([
    ['/404', /an address that answers with an image but received the status 404/],
    ['/private', /received the status 401/],
    ['/html', /an image in PNG, JPEG, WebP, AVIF or GIF but received SVG or other markup/],
    ['/gzip', /received a gzip file/],
    ['/long', /an image of at most 32768 bytes but received more/],
    ['/endless', /an image of at most 32768 bytes but received more/],
    ['/cut', /one that does not/],
    ['/upgrade', /one that does not/],
  ])('that answers %s is refused without a word of what it said', async (path, sentence) => {
    const { field, message } = await refusal(await open(allowed, resolve), { url: at(path) });
    expect([field, message]).toEqual(['image.url', expect.stringMatching(sentence)]);
    expect(message).not.toMatch(/secret|127\.0|web\.test/);
  });

  it.each(['/silent', '/slow'])('that is %s is left when its time is over', async (path) => {
    const clock = new HandClock();
    const sources = await open({ ...allowed, FETCH_TIMEOUT_MS: '300' }, resolve, newFolder(), clock);
    const refused = refusal(sources, { url: at(path) });
    await web.came(1);
    clock.advance(300);
    expect((await refused).message).toMatch(/within 0.3 s but received one that does not at the moment/);
  });

  it('whose name takes for ever to look up is left as well', async () => {
    const clock = new HandClock();
    let asked = () => {};
    const looked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const never = () => {
      asked();
      return new Promise<never>(() => {});
    };
    const sources = await open(allowed, never, newFolder(), clock);
    const refused = refusal(sources, { url: at('/image.png') });
    await looked;
    clock.advance(5000);
    expect((await refused).message).toMatch(/one that does not at the moment/);
  });

  it('is given up when its caller leaves', async () => {
    const leaving = new AbortController();
    const sources = await open(allowed, resolve);
    const opening = sources.open({ url: at('/silent') }, 'image', leaving.signal);
    await web.came(1);
    leaving.abort(new Error('gone'));
    await expect(opening).rejects.toThrow('gone');
  });

  it('is fetched through no proxy that the environment names', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      http_proxy: at('', '127.0.0.2'),
      HTTP_PROXY: at('', '127.0.0.2'),
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      const sources = await open(allowed, resolve);
      expect((await sources.open({ url: at('/image.png') }, 'image', stays)).pixels.width).toBe(16);
    } finally {
      for (const name of ['http_proxy', 'HTTP_PROXY', 'NODE_USE_ENV_PROXY']) delete process.env[name];
      Object.assign(process.env, before);
    }
    expect(inside.connections()).toBe(0);
  });

  it('comes from the listed hosts only, where hosts are listed', async () => {
    const sources = await open({ ...allowed, IMAGE_HOSTS: '*.web.test, Friend.test' }, resolve);
    expect((await sources.open({ url: at('/image.png', 'CDN.web.test.') }, 'image', stays)).pixels.width).toBe(16);
    for (const host of ['web.test', 'evilweb.test', 'friend.test.evil.test', '127.0.0.1'])
      expect((await refusal(sources, { url: at('/image.png', host) })).message).toMatch(
        /an address of a host that this server fetches from but received one of/,
      );
    expect(web.asked.length).toBe(1);
  });

  it('is refused where fetching is switched off', async () => {
    const sources = await open({ ...allowed, FETCH_IMAGES: 'off' }, resolve);
    expect((await refusal(sources, { url: at('/image.png') })).message).toMatch(
      /left out, as this server fetches no images/,
    );
    expect(web.asked).toEqual([]);
  });

  it('needs the network to be allowed: by default loopback is refused, by its real name too', async () => {
    const sources = await open({ IMAGE_PORTS: String(web.port) });
    for (const host of ['127.0.0.1', 'localhost'])
      expect((await refusal(sources, { url: at('/image.png', host) })).message).toMatch(/a public address/);
    expect(web.asked).toEqual([]);
  });
});
