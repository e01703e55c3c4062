import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
/** The page's modules are plain JavaScript for browsers; these need none. */
const module = (name: string) => {
  const [file = '', query] = name.split('?');
  return import(pathToFileURL(join(root, 'src/page', file)).href + (query === undefined ? '' : `?${query}`));
};
const { fromHash, seedOf, toHash } = await module('address.js');
const { sizesOf } = await module('sizes.js');
const { messages } = await module('stream.js');

describe("the page's modules", () => {
  it('are right in their types', () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, 'test/page')], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

describe('the address of the page', () => {
  it('says the whole request and gives it back', () => {
    const input = {
      prompt: '一只狗 & "a cat" #1',
      seed: 7,
      width: 256,
      height: 192,
      steps: 4,
      count: 2,
      model: 'base',
    };
    expect(fromHash(toHash(input))).toEqual(input);
    expect(fromHash(toHash({ prompt: 'a' }))).toEqual({ prompt: 'a' });
  });

  it('says a request that needs no words', () => {
    const input = { operation: 'REFINE', image: { id: 'a' }, prompt: '', strength: 0.1 };
    expect(fromHash(toHash(input))).toEqual(input);
  });

  it('says nothing where there is no prompt', () => {
    expect(fromHash('')).toBeNull();
    expect(fromHash('#code')).toBeNull();
  });

  it('leaves a seed that is no seed to the server', () => {
    expect([seedOf(' 42 '), seedOf('9007199254740992'), seedOf('-1'), seedOf('x'), seedOf('')]).toEqual([
      42,
      '9007199254740992',
      '-1',
      'x',
      undefined,
    ]);
  });
});

describe('the sizes to choose from', () => {
  it.each([
    { defaultWidth: 256, defaultHeight: 256, maxPixels: 256 * 256 },
    { defaultWidth: 1024, defaultHeight: 1024, maxPixels: 2048 * 2048 },
    { defaultWidth: 720, defaultHeight: 1280, maxPixels: 1280 * 1280 },
  ])('begin with the default and are allowed: $defaultWidth × $defaultHeight', (model) => {
    const sizes: { width: number; height: number }[] = sizesOf(model);
    expect(sizes[0]).toEqual({ width: model.defaultWidth, height: model.defaultHeight });
    expect(sizes.length).toBeGreaterThan(4);
    for (const { width, height } of sizes) {
      expect([width % 16, height % 16]).toEqual([0, 0]);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(64);
      expect(width * height).toBeLessThanOrEqual(model.maxPixels);
    }
    expect(new Set(sizes.map(({ width, height }) => `${width}x${height}`)).size).toBe(sizes.length);
  });
});

describe('a file to be uploaded', () => {
  it('never has the name that another had before a reload, which the history of the visit still knows', async () => {
    const before = await module('uploads.js?before');
    await new Promise((later) => setTimeout(later, 5));
    const after = await module('uploads.js?after');
    const file = async () => new Blob(['a']);
    expect(after.registerUpload(file)).not.toBe(before.registerUpload(file));
  });

  it('is found again in a list, as GraphQL clients write its place', async () => {
    const { withoutUploads } = await module('uploads.js');
    const input = { loras: [{ id: 'a', weight: 1 }], references: [{ upload: 'x' }, { id: 'y' }] };
    expect(withoutUploads({ input })).toEqual({
      input: { input: { loras: [{ id: 'a', weight: 1 }], references: [{ upload: null }, { id: 'y' }] } },
      places: [{ path: 'variables.input.references.0.upload', name: 'x' }],
    });
  });
});

describe('an event stream', () => {
  const stream =
    ':\n\nevent: next\ndata: {"a":"画"}\n\n:\n\nevent: next\r\ndata: 1\r\ndata: 2\r\n\r\nevent: complete\ndata:\n\n';

  it.each([1, 2, 7, 1000])('is read whole when it comes in pieces of %i bytes', async (size) => {
    const bytes = new TextEncoder().encode(stream);
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const read: unknown[] = [];
    for await (const message of messages(body, () => {})) read.push(message);
    expect(read).toEqual([
      { event: 'next', data: '{"a":"画"}' },
      { event: 'next', data: '1\n2' },
      { event: 'complete', data: '' },
    ]);
  });
});
