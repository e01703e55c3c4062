import type { Mask, Pixels } from '../engine/engine.js';
import { Room } from '../environment/room.js';
import { sharp } from './sharp.js';
import { type InputFormat, sniff } from './sniff.js';

/** A file that is not an image we take. `expected` and `received` are halves of the sentence that says so. */
export class NotAnImage extends Error {
  constructor(
    readonly expected: string,
    readonly received: string,
    /** Where the image has more pixels than this. */
    readonly maxPixels: number | null = null,
  ) {
    super(`Expected ${expected} but received ${received}.`);
  }
}

export interface DecodeOptions {
  readonly maxPixels: number;
  /** Ends the wait for a free place; what is being decoded is decoded. */
  readonly signal: AbortSignal;
  /** The size to be decoded to, of the image's own, upright; what it throws refuses the image before it is decoded. Left out, its own. */
  readonly sizeFor?: ((own: Size) => Size) | undefined;
  /** Waits for room for so many decoded pixels. */
  readonly enter?: ((pixels: number) => Promise<void>) | undefined;
}

export type Size = Pick<Pixels, 'width' | 'height'>;

/** An image of that many pixels takes 3 bytes for each, and a thread that finished images need too: one at a time. */
const room = new Room(1);
const seconds = 10;
/** What libvips calls the formats. */
const loaders: Readonly<Record<InputFormat, string>> = {
  PNG: 'png',
  JPEG: 'jpeg',
  WebP: 'webp',
  AVIF: 'heif',
  GIF: 'gif',
};

/**
 * An image that a client sent: its first frame, upright, in sRGB with 8 bits, on white where it is transparent.
 *
 * @throws NotAPicture, or the signal's reason
 */
export function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<Pixels> {
  return decoded(bytes, options, 3, (image) => image.flatten({ background: 'white' }).toColourspace('srgb'));
}

/** The same as a mask: its lightness, black where it is transparent. */
export function decodeMask(bytes: Uint8Array, options: DecodeOptions): Promise<Mask> {
  return decoded(bytes, options, 1, (image) => image.flatten({ background: 'black' }).toColourspace('b-w'));
}

type Image = ReturnType<typeof sharp>;

async function decoded(
  bytes: Uint8Array,
  { maxPixels, signal, sizeFor, enter }: DecodeOptions,
  channels: 1 | 3,
  composed: (image: Image) => Image,
): Promise<Pixels> {
  const { format, name } = sniff(bytes);
  if (format === null) throw new NotAnImage('an image in PNG, JPEG, WebP, AVIF or GIF', name);
  // Nothing but the header: a giant canvas is refused before there is memory for it.
  const own = await room.run(() => uprightSize(bytes, format, maxPixels), signal);
  const size = sizeFor?.(own) ?? own;
  // Before the place to decode: those inside may need that to come to an end.
  await enter?.(size.width * size.height);
  return room.run(async () => {
    try {
      const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels }).autoOrient();
      const isOwn = size.width === own.width && size.height === own.height;
      // JPEG and WebP are decoded in a smaller size at once.
      const sized = isOwn ? image : image.resize(size.width, size.height, { fit: 'fill', kernel: 'lanczos3' });
      const { data, info } = await composed(sized)
        .timeout({ seconds })
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      if (info.channels !== channels) throw new Error(`libvips made ${info.channels} channels of ${name}.`);
      return { width: info.width, height: info.height, data };
    } catch (error) {
      throw damaged(format, error);
    }
  }, signal);
}

async function uprightSize(bytes: Uint8Array, format: InputFormat, maxPixels: number): Promise<Size> {
  const header = await sharp(bytes, { failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(format, error);
    });
  // Two readers that take the same bytes for different things are how one is got past.
  if (header.format !== loaders[format] || (format === 'AVIF' && header.compression !== 'av1'))
    throw damaged(format, null);
  if (header.width * header.height > maxPixels)
    throw new NotAnImage(`an image of at most ${maxPixels} pixels`, `${header.width} × ${header.height}`, maxPixels);
  const { width, height } = header.autoOrient;
  return { width, height };
}

/** libvips' own messages name addresses and files: they are not for clients. */
function damaged(format: InputFormat, error: unknown): NotAnImage {
  if (/timeout/i.test((error as Error | null)?.message ?? ''))
    return new NotAnImage(`an image that is decoded within ${seconds} s`, `${format} that takes longer`);
  return new NotAnImage('a whole image', `${format} that is damaged or cut short`);
}
