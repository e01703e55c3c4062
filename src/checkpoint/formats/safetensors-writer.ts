import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { elementBytes, type StoredType } from './safetensors.js';

/** A tensor that is going to be written. */
export interface PlannedTensor {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
}

/** Writes a safetensors file piece by piece, tensors side by side in any order. https://huggingface.co/docs/safetensors#format */
export class SafetensorsWriter {
  readonly #descriptor: number;
  /** Where each tensor's next byte goes, and where it ends. */
  readonly #places = new Map<string, { next: number; readonly end: number }>();

  /** @param tensors everything that the file will hold */
  constructor(file: string, tensors: readonly PlannedTensor[]) {
    // Wide elements first, so that each lies at a multiple of its own size.
    const ordered = [...tensors].sort((a, b) => elementBytes[b.type] - elementBytes[a.type]);
    let size = 0;
    const entries = ordered.map(({ name, type, shape }) => {
      const begin = size;
      size += shape.reduce((product, side) => product * side, elementBytes[type]);
      return { name, entry: { dtype: type, shape, data_offsets: [begin, size] } };
    });
    const text = Buffer.from(JSON.stringify(Object.fromEntries(entries.map(({ name, entry }) => [name, entry]))));
    const header = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    for (const { name, entry } of entries) {
      const [begin, end] = entry.data_offsets as [number, number];
      this.#places.set(name, { next: 8 + header.length + begin, end: 8 + header.length + end });
    }
    this.#descriptor = openSync(file, 'wx');
    this.#write(Buffer.concat([length, header]), 0);
    ftruncateSync(this.#descriptor, 8 + header.length + size);
  }

  /** The tensor's next bytes. */
  append(name: string, bytes: Uint8Array): void {
    const place = this.#places.get(name);
    if (place === undefined || place.next + bytes.length > place.end)
      throw new RangeError(`Expected at most the bytes that were planned for "${name}" but received more.`);
    this.#write(bytes, place.next);
    place.next += bytes.length;
  }

  /** Ends the file, which is then durable; with `abandon` it may lack something. */
  close({ abandon = false } = {}): void {
    const short = [...this.#places].find(([, { next, end }]) => next < end);
    if (!abandon) fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    if (!abandon && short !== undefined)
      throw new RangeError(`Expected every byte of "${short[0]}" but ${short[1].end - short[1].next} are missing.`);
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
  }
}
