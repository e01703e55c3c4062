import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { EncodedFormat } from '../domain/variant.js';
import { CommandFailed, UsageError } from './usage.js';

const formats: Readonly<Record<string, EncodedFormat>> = {
  '.png': 'PNG',
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.webp': 'WEBP',
  '.avif': 'AVIF',
};

/** Where images and words about them go. */
export interface Output {
  readonly format: EncodedFormat;
  /** Of the next image; null where it goes to standard output. */
  next(): string | null;
  /** @param file null for standard output @throws CommandFailed */
  write(file: string | null, bytes: Uint8Array): Promise<void>;
  /** A line, where it does not disturb the bytes. */
  say(line: string): void;
}

/**
 * One image goes into the file itself, several into files that are numbered before the ending: `cat-1.png`, `cat-2.png`. For `-`
 * they go to standard output as PNG, one after another, and all words to standard error. What cannot be written is known before the work.
 *
 * @throws UsageError
 */
export function openOutput(out: string, images: number): Output {
  return out === '-' ? standardOutput() : files(out, images);
}

function standardOutput(): Output {
  if (process.stdout.isTTY)
    throw new UsageError('Expected --out to be a file, or - for a pipe, but received - for a terminal.');
  return {
    format: 'PNG',
    next: () => null,
    write: (_file, bytes) =>
      new Promise((resolve, reject) => {
        const failed = () => reject(new CommandFailed('Standard output was closed before all was written.'));
        process.stdout.once('error', failed);
        process.stdout.write(bytes, (error) => (error == null ? resolve() : failed()));
      }),
    say: (line) => console.error(line),
  };
}

function files(out: string, images: number): Output {
  const ending = extname(out);
  const format = formats[ending.toLowerCase()];
  if (format === undefined)
    throw new UsageError(`Expected --out to end in .png, .jpg, .webp or .avif, or to be -, but received ${out}.`);
  const digits = String(images).length;
  const named = (i: number) =>
    images === 1 ? out : `${out.slice(0, -ending.length)}-${String(i).padStart(digits, '0')}${ending}`;
  for (let i = 1; i <= images; i++)
    if (!isFolder(dirname(resolve(out))) || isFolder(named(i)))
      throw new UsageError(`Expected --out to be a file in a folder that is there but received ${named(i)}.`);
  let last = 0;
  return {
    format,
    next: () => named(++last),
    async write(file, bytes) {
      try {
        await writeFile(file!, bytes);
      } catch (error) {
        throw new CommandFailed(`${file} could not be written: ${(error as Error).message}.`);
      }
    },
    say: (line) => console.log(line),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
