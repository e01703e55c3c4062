import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** Milliseconds after which long work lets others have the thread. */
const TURN_MS = 8;
/** Bytes that are copied or hashed in far less than a turn. */
const PIECE = 2 ** 18;

/** Called between pieces of long work; waits when they have taken a turn together. */
export type Rest = () => Promise<void> | undefined;

export function turns(): Rest {
  let began = performance.now();
  return () => {
    if (performance.now() - began < TURN_MS) return undefined;
    return setImmediate().then(() => {
      began = performance.now();
    });
  };
}

/** Pieces of `length` bytes together as one. Memory is taken as it is filled, not at once. */
export async function joined(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  length: number,
): Promise<Uint8Array> {
  const rest = turns();
  const whole = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for await (const piece of pieces)
    for (let from = 0; from < piece.length; from += PIECE) {
      const part = piece.subarray(from, from + PIECE);
      whole.set(part, at);
      at += part.length;
      await rest();
    }
  if (at !== length) throw new Error(`Expected ${length} bytes but received ${at}.`);
  return whole;
}

/** In lower-case hex. Node's WebCrypto hashes on another thread, but copies all of it first on this one. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const rest = turns();
  const hash = createHash('sha256');
  for (let from = 0; from < bytes.length; from += PIECE) {
    hash.update(bytes.subarray(from, from + PIECE));
    await rest();
  }
  return hash.digest('hex');
}
