import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { makeFolder, makePrivateFolder } from '../../src/environment/folders.js';
import { runProgram } from '../program.js';
import { newFolder, openStudio, painter, tiny, untilDone } from './open-studio.js';

/** Path → mode, of a folder and all below. */
function modes(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const paths = [folder, ...names.map((name) => join(folder, name))];
  return Object.fromEntries(paths.map((path) => [relative(folder, path), (statSync(path).mode & 0o777).toString(8)]));
}

async function drawIn(dataDir: string): Promise<Record<string, string>> {
  const service = await openStudio({ dataDir, catalog: [tiny, painter] });
  const body = { create: { width: 64, height: 64, channels: 3, background: 'red' } } as const;
  const upload = new Blob([new Uint8Array(await sharp(body).png().toBuffer())]);
  await service.generate({ prompt: 'a cat', seed: 1 }, untilDone);
  await service.edit({ prompt: 'a dog', image: { upload }, strength: 0.5, seed: 1 }, untilDone);
  const found = modes(dataDir);
  await service.close(0);
  return found;
}

const isPrivate = (found: Record<string, string>) =>
  Object.entries(found).filter(([path, mode]) => mode !== (/\.(png|db.*)$/.test(path) ? '600' : '700'));

describe.skipIf(process.platform === 'win32')('what is kept', () => {
  it('is for nobody but the user of the program, the journals of the records included', async () => {
    const umask = process.umask(0);
    try {
      const found = await drawIn(join(newFolder(), 'deep', 'data'));
      expect(isPrivate(found)).toEqual([]);
      expect(Object.keys(found)).toEqual(
        expect.arrayContaining(['', 'inkstone.db', 'inkstone.db-wal', 'images', 'sources']),
      );
      expect(Object.keys(found).filter((path) => path.endsWith('.png'))).toHaveLength(3);
    } finally {
      process.umask(umask);
    }
  });

  it('by an older version, which left it open to others, is closed to them', async () => {
    const dataDir = newFolder();
    await drawIn(dataDir);
    for (const path of Object.keys(modes(dataDir))) {
      const whole = join(dataDir, path);
      chmodSync(whole, statSync(whole).isDirectory() ? 0o755 : 0o644);
    }
    const service = await openStudio({ dataDir });
    expect(isPrivate(modes(dataDir))).toEqual([]);
    await service.close(0);
  });

  it('in a folder where everybody may put files leaves that as it is', () => {
    const shared = newFolder();
    chmodSync(shared, 0o1777);
    makePrivateFolder(shared);
    expect(statSync(shared).mode & 0o7777).toBe(0o1777);
  });
});

describe('a folder', () => {
  it('is made with all above it, and made again without a word', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'inkstone-')), 'a', 'b', 'c');
    makeFolder(folder);
    makeFolder(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
  });

  it('is not made where a file or a link to nowhere stands', () => {
    const parent = newFolder();
    writeFileSync(join(parent, 'file'), '');
    symlinkSync(join(parent, 'nowhere', 'else'), join(parent, 'link'));
    expect(() => makeFolder(join(parent, 'file'))).toThrow('EEXIST');
    expect(() => makeFolder(join(parent, 'file', 'below'))).toThrow('ENOTDIR');
    expect(() => makeFolder(join(parent, 'link'))).toThrow('EEXIST');
    mkdirSync(join(parent, 'nowhere'));
  });

  it.skipIf(!existsSync('/proc/self')).each(['/proc/x', '/proc/x/y/z', '/proc/self/data', '/proc/self/fd/9999/x'])(
    'under /proc is refused in a sentence by the server, where Node would never return: %s',
    async (folder) => {
      const { code, err } = await runProgram(['serve'], { env: { DATA_DIR: folder, PORT: '0' } });
      expect(err).toMatch(/^DATA_DIR \/proc\/.+ cannot be used: .+\.\n$/);
      expect(code).toBe(1);
    },
  );

  it.skipIf(!existsSync('/proc/self'))('under /proc is refused as the target of quantize', async () => {
    const { code } = await runProgram(['quantize', 'inkling-turbo', '--out', '/proc/x/y']);
    expect(code).toBe(1);
  });
});
