import type { EncodedFormat } from '../domain/variant.js';
import { fitXmp, jpegXmpBytes } from './fit-xmp.js';
import { withPngXmp } from './png-text.js';
import { sharp, whenRoom } from './sharp.js';

/** How a master is resized and encoded. */
export interface VariantSpec {
  readonly width: number | null;
  readonly height: number | null;
  /** 1 … 100; left out, the format's own. PNG has none. */
  readonly quality: number | null;
  readonly format: EncodedFormat;
}

export const contentTypes: Readonly<Record<EncodedFormat, string>> = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  WEBP: 'image/webp',
  AVIF: 'image/avif',
};

/** Those that look alike. */
const ownQuality: Readonly<Record<EncodedFormat, number | null>> = { PNG: null, JPEG: 82, WEBP: 80, AVIF: 55 };

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The same with nothing left open: however it was asked for, the same bytes are asked for by the same words. */
export function settled(source: Size, spec: VariantSpec): VariantSpec {
  const quality = spec.format === 'PNG' ? null : (spec.quality ?? ownQuality[spec.format]);
  return { ...targetSize(source, spec), quality, format: spec.format };
}

/**
 * The master resized and encoded as asked, with the recipe and the mark that it carries. A master that is asked for as it
 * is comes back untouched.
 *
 * @throws the signal's reason when it ends the wait for room; what has begun is finished
 */
export async function encodeVariant(
  master: Uint8Array,
  source: Size,
  spec: VariantSpec,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (isMaster(source, spec)) return master;
  const size = targetSize(source, spec);
  const whole = isWhole(source, size);
  return whenRoom(async () => {
    const image = sharp(master, { limitInputPixels: source.width * source.height });
    const xmp = (await image.metadata()).xmp?.toString('utf8');
    const resized = whole ? image : image.resize(size.width, size.height, { fit: 'cover' });
    if (xmp === undefined) return encoded(resized, spec).toBuffer();
    if (spec.format === 'PNG') return withPngXmp(await encoded(resized, spec).toBuffer(), xmp);
    return encoded(resized, spec)
      .withXmp(spec.format === 'JPEG' ? fitXmp(xmp, jpegXmpBytes) : xmp)
      .toBuffer();
  }, signal);
}

/** Whether the master is asked for as it is. */
export const isMaster = (source: Size, spec: VariantSpec): boolean =>
  spec.format === 'PNG' && isWhole(source, targetSize(source, spec));

const isWhole = (source: Size, size: Size) => size.width === source.width && size.height === source.height;

/** One side keeps the ratio, two cover and crop. Where that would enlarge, it is as large as can be in the ratio asked for. */
export function targetSize(source: Size, { width, height }: Pick<VariantSpec, 'width' | 'height'>): Size {
  const ratio = source.width / source.height;
  const asked = {
    width: width ?? (height === null ? source.width : height * ratio),
    height: height ?? (width === null ? source.height : width / ratio),
  };
  const shrink = Math.min(1, source.width / asked.width, source.height / asked.height);
  const side = (length: number, most: number) => Math.min(most, Math.max(1, Math.round(length * shrink)));
  return { width: side(asked.width, source.width), height: side(asked.height, source.height) };
}

/** Encoder efforts that are quick enough for a request. */
function encoded(image: ReturnType<typeof sharp>, { format, quality: asked }: VariantSpec) {
  const quality = asked ?? ownQuality[format] ?? undefined;
  switch (format) {
    case 'PNG':
      return image.png({ palette: false, compressionLevel: 6, adaptiveFiltering: true });
    case 'JPEG':
      return image.jpeg({ quality });
    case 'WEBP':
      return image.webp({ quality, effort: 4 });
    case 'AVIF':
      return image.avif({ quality, effort: 2 });
  }
}
