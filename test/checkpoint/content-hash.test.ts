import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentHash, contentVersion } from '../../src/checkpoint/index.js';
import { temporaryFolder } from '../compiler/files.js';
import { fixtures } from '../compiler/run.js';

const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');

function copyOf(component: string): string {
  const folder = join(temporaryFolder(), component);
  cpSync(join(tiny, component), folder, { recursive: true });
  return folder;
}

/** Turns one bit of a byte. */
function touch(file: string, at: number): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.of(readFileSync(file)[at]! ^ 1), 0, 1, at);
  closeSync(descriptor);
}

describe('a model’s content', () => {
  it('is the same in a copy elsewhere', async () => {
    const content = await contentHash([join(tiny, 'vae')]);
    expect(content).toMatch(/^[0-9a-f]{64}$/);
    expect(await contentHash([copyOf('vae')])).toBe(content);
  });

  it.each<[string, string, (folder: string) => void]>([
    [
      'one bit in the middle of a weight',
      'vae',
      (folder) => touch(join(folder, 'diffusion_pytorch_model.safetensors'), 300_001),
    ],
    ['its configuration', 'vae', (folder) => writeFileSync(join(folder, 'config.json'), '{}')],
    ['its tokenizer', 'tokenizer', (folder) => touch(join(folder, 'tokenizer.json'), 5000)],
    ['a file more', 'vae', (folder) => writeFileSync(join(folder, 'more.json'), '{}')],
  ])('is another when %s differs', async (_what, component, change) => {
    const folder = copyOf(component);
    const [content, version] = [await contentHash([folder]), contentVersion([folder])];
    change(folder);
    expect(await contentHash([folder])).not.toBe(content);
    expect(contentVersion([folder])).not.toBe(version);
  });

  it('of a file of many pieces covers each of them', async () => {
    const file = join(temporaryFolder(), 'large.safetensors');
    writeFileSync(file, Buffer.alloc(25 * 2 ** 20 + 7));
    const contents = new Set([await contentHash([file])]);
    for (const at of [0, 4 * 2 ** 20, 13_000_000, 25 * 2 ** 20 + 6]) {
      touch(file, at);
      contents.add(await contentHash([file]));
    }
    expect(contents.size).toBe(5);
  });

  it('is told although there are files that are of no use', async () => {
    const folder = copyOf('vae');
    writeFileSync(join(folder, 'model.fp16.safetensors'), 'version https://git-lfs.github.com/spec/v1\n');
    symlinkSync('nowhere', join(folder, 'old.json'));
    mkdirSync(join(folder, 'older.json'));
    expect(await contentHash([folder])).toMatch(/^[0-9a-f]{64}$/);
  });

  it('of what is not there is none', async () => {
    await expect(contentHash([join(tiny, 'nowhere')])).rejects.toMatchObject({ fault: 'missing' });
  });

  it('is read once while the files stay as they are', async () => {
    const folder = copyOf('vae');
    const hashes = new Map<string, string>();
    const content = await contentHash([folder], hashes);
    // What is remembered is taken: other words for the same files make another content.
    for (const identity of hashes.keys()) hashes.set(identity, 'remembered');
    expect(await contentHash([folder], hashes)).not.toBe(content);
  });
});

describe('a version', () => {
  it('is another after a change that set size and time back', () => {
    const file = join(copyOf('vae'), 'diffusion_pytorch_model.safetensors');
    const { atime, mtime } = statSync(file);
    const before = contentVersion([file]);
    touch(file, 300_001);
    utimesSync(file, atime, mtime);
    expect(contentVersion([file])).not.toBe(before);
  });

  it('is another where a file took the place of another, or a link leads elsewhere', () => {
    const folder = temporaryFolder();
    const [file, other] = [join(folder, 'a.safetensors'), join(folder, 'b.safetensors')];
    writeFileSync(file, 'one');
    copyFileSync(file, other);
    const before = contentVersion([file]);
    renameSync(other, file);
    expect(contentVersion([file])).not.toBe(before);
  });
});
