import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/checkpoint/formats/safetensors.js';
import { CheckpointError } from '../../src/checkpoint/index.js';
import { temporaryFolder, writeHeader, writeTensors } from '../compiler/files.js';

/** A file with such a header, and its path. */
function withHeader(header: unknown): string {
  const file = join(temporaryFolder(), 'model.safetensors');
  writeHeader(file, header);
  return file;
}

describe('a safetensors header', () => {
  it('says where each tensor lies, and skips the metadata', () => {
    const file = join(temporaryFolder(), 'model.safetensors');
    writeTensors(file, { a: { type: 'F32', shape: [2, 3] }, b: { type: 'I8', shape: [5] } });
    const [a, b] = readHeader(file);
    expect(a).toMatchObject({ name: 'a', type: 'F32', shape: [2, 3], length: 24, file });
    expect(b).toMatchObject({ name: 'b', type: 'I8', shape: [5], length: 5, offset: a!.offset + 24 });
    expect(readHeader(withHeader({ __metadata__: { format: 'pt' } }))).toEqual([]);
  });

  const tensor = (entry: object) => ({ t: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...entry } });
  it.each([
    ['no JSON', '{"t": ', 'no JSON object'],
    ['a list', '[]', 'no JSON object'],
    ['a shape that is none', tensor({ shape: [-1] }), '"t"'],
    ['a shape too large for any file', tensor({ shape: [2 ** 40, 2 ** 40] }), '"t"'],
    ['a range of another size than the shape', tensor({ shape: [2] }), 'needs 8 bytes'],
    ['a tensor past the end of the file', tensor({}), 'ends at byte'],
    ['an entry that is null', { t: null }, '"t"'],
    ['a type that is no name', tensor({ dtype: 7 }), '"t"'],
    ['offsets that run backwards', tensor({ data_offsets: [4, 0] }), 'needs 4 bytes'],
    ['one name twice', '{"t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"t":{"dtype":"F32"}}', 'lists "t" twice'],
  ])('with %s is refused in one sentence that names the file', (_what, header, complaint) => {
    const file = withHeader(header);
    expect(() => readHeader(file)).toThrow(CheckpointError);
    expect(() => readHeader(file)).toThrow(file);
    expect(() => readHeader(file)).toThrow(complaint);
  });

  it('whose tensors overlap is refused', () => {
    const file = withHeader({
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
    });
    writeFileSync(file, Buffer.alloc(16), { flag: 'a' });
    expect(() => readHeader(file)).toThrow(/"a".*"b"|"b".*"a"/);
  });

  it('is looked for in a file that is there, and was fetched', () => {
    const file = join(temporaryFolder(), 'model.safetensors');
    expect(() => readHeader(file)).toThrow(`${file} could not be opened: ENOENT.`);
    writeFileSync(file, 'version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12309866400\n');
    expect(() => readHeader(file)).toThrow(/model\.safetensors is no whole .*Git LFS/);
    const folder = join(temporaryFolder(), 'folder.safetensors');
    mkdirSync(folder);
    expect(() => readHeader(folder)).toThrow(/folder\.safetensors .* it is no file\.$/);
  });

  it('longer than its file, or than eight bytes allow, is refused', () => {
    const file = join(temporaryFolder(), 'model.safetensors');
    writeTensors(file, { a: { type: 'F32', shape: [2] } });
    truncateSync(file, 20);
    expect(() => readHeader(file)).toThrow(/header is said to be \d+ bytes/);
    truncateSync(file, 3);
    expect(() => readHeader(file)).toThrow('at least 8 bytes');
    writeFileSync(file, Buffer.alloc(8, 0xff));
    expect(() => readHeader(file)).toThrow(CheckpointError);
  });
});
