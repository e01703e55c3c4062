import { thumbHashToRGBA } from 'thumbhash';
import { sharp } from './sharp.js';

/** Pixels of the longer side. */
const SIDE = 32;

/** The image blurred, a few hundred bytes of WebP: it comes from the ThumbHash, so that the master is not read. */
export async function thumbhashPlaceholder({ thumbhash }: { readonly thumbhash: string }): Promise<Uint8Array> {
  const { w: width, h: height, rgba } = thumbHashToRGBA(Buffer.from(thumbhash, 'base64'));
  return sharp(rgba, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .webp({ quality: 60 })
    .toBuffer();
}

/** A grey image of the same shape. */
export function plainPlaceholder({
  width,
  height,
}: {
  readonly width: number;
  readonly height: number;
}): Promise<Uint8Array> {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  const size = { width: side(width), height: side(height), channels: 3 as const };
  return sharp({ create: { ...size, background: { r: 221, g: 221, b: 221 } } })
    .webp({ quality: 60 })
    .toBuffer();
}
