import sharp from 'sharp';
import type { Pixels } from '../../src/engine/engine.js';

const COLUMNS = 6;

/** Some of the images side by side, as they were made: spread over all of them, none is picked. */
export class Sheet {
  readonly #tiles: Pixels[] = [];
  readonly #every: number;

  /** @param of how many rows there are; @param shown how many of them are wanted, at most */
  constructor(of: number, shown: number) {
    this.#every = Math.max(1, Math.ceil(of / shown));
  }

  /** The images of row i, all of one size. */
  add(i: number, ...images: readonly Pixels[]): void {
    if (i % this.#every === 0) this.#tiles.push(...images);
  }

  async write(file: string): Promise<void> {
    const { width, height } = this.#tiles[0]!;
    const tiles = this.#tiles.map(({ data }, i) => ({
      input: Buffer.from(data),
      raw: { width, height, channels: 3 as const },
      left: (i % COLUMNS) * width,
      top: Math.floor(i / COLUMNS) * height,
    }));
    const rows = Math.ceil(tiles.length / COLUMNS);
    const create = { width: COLUMNS * width, height: rows * height, channels: 3 as const, background: 'white' };
    await sharp({ create }).composite(tiles).png().toFile(file);
  }
}
