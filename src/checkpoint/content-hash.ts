import { createHash, webcrypto } from 'node:crypto';
import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { CheckpointError } from './errors.js';
import { configBeside, parts } from './layouts/single/part.js';

/** Hashes of whole files by their identity, so that a file is read once while it stays as it is. A Map is one. */
export interface FileHashes {
  get(identity: string): string | undefined;
  set(identity: string, hash: string): unknown;
}

/** Bytes that are read and hashed at once, on other threads. */
const PIECE = 4 * 2 ** 20;
/** Pieces on their way at once. */
const PIECES = 4;
/** Two changes of a file so close to each other may have the same time (a tick of the kernel is 10 ms at most). */
const TICK_MS = 20;

/**
 * What decides a model's images, as a sha256 in hexadecimal: over every byte of the files of its component folders and of its single
 * files.
 *
 * @throws CheckpointError when one is not there, or is being changed
 */
export async function contentHash(paths: readonly string[], hashes: FileHashes = new Map()): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, path, status } of filesOf(paths)) {
    if (status === null) throw new CheckpointError(`${path} does not exist.`, 'missing');
    hash.update(`${name} ${await fileHash(path, hashes)}\n`);
  }
  return hash.digest('hex');
}

/**
 * The same files have the same version until one of them may have changed: over their places, identities, sizes and times. Nothing of
 * them is read, so it may be asked for with every request. A missing file counts too.
 *
 * @param look at a path, where several versions should be of one moment
 */
export function contentVersion(paths: readonly string[], look: Look = statusOf): string {
  const hash = createHash('sha256');
  for (const { path, status } of filesOf(paths, look))
    hash.update(`${path} ${status === null ? 'gone' : identity(status)}\n`);
  return hash.digest('hex');
}

interface ContentFile {
  /** Counted from the folder, so that the same checkpoint elsewhere is the same model. */
  readonly name: string;
  readonly path: string;
  /** Null where it is not there. */
  readonly status: BigIntStats | null;
}

function filesOf(paths: readonly string[], look: Look = statusOf): ContentFile[] {
  return paths.flatMap((path, i) => {
    const status = look(path);
    if (status === null || !status.isDirectory())
      return [{ name: `${i}`, path, status }, ...configsBeside(path, i, look)];
    return listed(path, status).flatMap((name) => {
      const file = { name: `${i}/${name}`, path: join(path, name), status: look(join(path, name)) };
      return file.status?.isFile() ? [file] : [];
    });
  });
}

/** The configurations that lie beside a single file. */
function configsBeside(file: string, i: number, look: Look): ContentFile[] {
  if (!file.endsWith('.safetensors')) return [];
  return parts.flatMap((part) => {
    const path = configBeside(file, part);
    const status = look(path);
    return status === null ? [] : [{ name: `${i} ${part}`, path, status }];
  });
}

/** What a path holds; null where nothing is there. */
export type Look = (path: string) => BigIntStats | null;

export function statusOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch {
    // A folder that this user may not read counts as missing.
    return null;
  }
}

/** Names by folder, with its identity when they were read: the identity changes as soon as a name is added or removed. */
const listings = new LRUCache<string, { readonly of: string; readonly names: readonly string[] }>({ max: 1000 });

/** Names of a folder's files that a model may be read from. */
function listed(folder: string, status: BigIntStats): readonly string[] {
  const known = listings.get(folder);
  if (known?.of === identity(status)) return known.names;
  const names = namesIn(folder);
  if (age(status) >= TICK_MS) listings.set(folder, { of: identity(status), names });
  return names;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(safetensors|json|txt)$/.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** The time of the last change of anything (ctime) cannot be set back, as that of the content can. */
function identity({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

async function fileHash(path: string, hashes: FileHashes): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${path} could not be opened: ${error.code}.`, 'missing', { cause: error });
  });
  try {
    const before = await settled(file);
    const known = hashes.get(before);
    if (known !== undefined) return known;
    const hash = await readHash(file);
    if (identity(await file.stat({ bigint: true })) !== before)
      throw new CheckpointError(`${path} was changed while it was read.`, 'changing');
    hashes.set(before, hash);
    return hash;
  } finally {
    await file.close();
  }
}

/** The file's identity, once any further change would give it another time. */
async function settled(file: FileHandle): Promise<string> {
  const status = await file.stat({ bigint: true });
  if (age(status) >= TICK_MS) return identity(status);
  await sleep(TICK_MS);
  return identity(await file.stat({ bigint: true }));
}

/** Milliseconds since anything of it changed. */
function age({ ctimeNs }: BigIntStats): number {
  return Date.now() - Number(ctimeNs / 1_000_000n);
}

/** A sha256 over those of the file's pieces, which other threads compute; one over the whole file would block this one. */
async function readHash(file: FileHandle): Promise<string> {
  const whole = createHash('sha256');
  const underWay: Promise<ArrayBuffer>[] = [];
  for (let at = 0, ended = false; !ended || underWay.length > 0; at += PIECE) {
    if (!ended) {
      const piece = await readPiece(file, at);
      ended = piece.length < PIECE;
      underWay.push(webcrypto.subtle.digest('SHA-256', piece));
    }
    if (ended || underWay.length === PIECES) whole.update(new Uint8Array(await underWay.shift()!));
  }
  return whole.digest('hex');
}

/** Shorter only at the file's end. */
async function readPiece(file: FileHandle, from: number): Promise<Uint8Array<ArrayBuffer>> {
  const piece = new Uint8Array(PIECE);
  let length = 0;
  while (length < PIECE) {
    const { bytesRead } = await file.read(piece, length, PIECE - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return piece.subarray(0, length);
}
