import type { Residency } from '../residency.js';
import { concat, items, type Tensor, tensor } from '../tensor.js';
import { SMALLEST_TILE } from '../tiles.js';
import type { Posterior } from './autoencoder.js';
import type { Components } from './components.js';
import { cellsOf, computeInTiles, type TiledHalf } from './tiled-autoencoder.js';

/** Cells (8 × 8 pixels) above which a picture is taken tile by tile: a megapixel. */
const LARGE = 2 ** 14;
const PIXELS_OF_CELL = 64;

/** The autoencoder at any size: whole where there is room, else in tiles. */
export interface Autoencoding {
  /** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
  decode(latents: Tensor): Promise<Tensor>;
  /** Picture [1, 3, H, W] of −1 … 1 → the posterior of its latents, before scaling. */
  encodeImage(image: Tensor): Promise<Posterior>;
  /** What decoding a picture of so many pixels needs beside the decoder, in bytes. */
  decodingBytes(pixels: number): number;
}

export function autoencoding(
  { decoder, encoder, tiledDecoder, tiledEncoder, working }: Components,
  { budgetBytes }: Residency,
  pause: () => Promise<void>,
): Autoencoding {
  const decoding = (cells: number) => working.decode(cells * PIXELS_OF_CELL);
  const encoding = (cells: number) => working.encodeImage(cells * PIXELS_OF_CELL);
  // The budget alone decides, not what happens to be in memory: a picture must not depend on what was made before it.
  const most = ({ coder }: TiledHalf, workingBytes: (cells: number) => number) =>
    Math.max(SMALLEST_TILE, Math.min(LARGE, Math.floor((budgetBytes - coder.memory.loaded) / workingBytes(1))));
  const ofTile = { decoder: most(tiledDecoder, decoding), encoder: most(tiledEncoder, encoding) };

  return {
    async decode(latents) {
      const pictures: Tensor[] = [];
      for (let i = 0; i < latents.shape[0]!; i++) {
        const item = items(latents, i, i + 1);
        const cells = cellsOf(item, tiledDecoder.scale);
        if (i > 0) await pause();
        pictures.push(
          cells > ofTile.decoder
            ? await computeInTiles(tiledDecoder, item, ofTile.decoder, decoding, pause)
            : await decoder.use((it) => it.decode(item), decoding(cells)),
        );
      }
      return concat(pictures);
    },
    async encodeImage(image) {
      const cells = cellsOf(image, tiledEncoder.scale);
      if (cells <= ofTile.encoder) return encoder.use((it) => it.encode(image), encoding(cells));
      const { shape, data } = await computeInTiles(tiledEncoder, image, ofTile.encoder, encoding, pause);
      const half = [1, shape[1]! / 2, ...shape.slice(2)];
      return {
        mean: tensor(half, data.subarray(0, data.length / 2)),
        logvar: tensor(half, data.subarray(data.length / 2)),
      };
    },
    decodingBytes: (pixels) => decoding(Math.min(pixels / PIXELS_OF_CELL, ofTile.decoder)),
  };
}
