import type { ImageFormat as Format, Image as StudioImage } from '../src/studio/types.js';
import { builder } from './builder.js';
import { ImageFormat } from './enums.js';
import { Missing, rawId } from './ids.js';
import { refusal } from './refusal.js';

const MAX_SIDE = 16_384;

export const Image = builder.loadableNodeRef<StudioImage | Error>('Image', {
  id: { resolve: ({ id }) => id },
  load: async (ids, { studio }) => {
    const images = await studio.images(ids);
    return images.map((image, i) => image ?? new Missing('Image', ids[i]!));
  },
});

Image.implement({
  description:
    'A picture with its recipe written into it; what it is called is the hash of both, so equal requests give the same Image.',
  fields: (t) => ({
    width: t.exposeInt('width', { description: 'Pixels.' }),
    height: t.exposeInt('height', { description: 'Pixels.' }),
    url: t.string({
      description:
        'Absolute, content-addressed address of the picture, resized and encoded as asked: one side keeps the ratio, two cover and crop, never enlarge. Immutable: cache it for ever.',
      args: {
        width: t.arg.int({ description: 'Pixels; with `height` left out, the ratio stays.' }),
        height: t.arg.int({ description: 'Pixels; with `width` left out, the ratio stays.' }),
        format: t.arg({
          type: ImageFormat,
          defaultValue: 'AUTO',
          description: 'AUTO lets each client choose by its Accept header.',
        }),
        quality: t.arg.int({ description: '1 … 100; left out, one that looks alike in every format.' }),
      },
      resolve: (image, { width, height, format, quality }, { baseUrl }) =>
        addressOf(image, { w: width, h: height, q: quality }, format ?? 'AUTO', baseUrl),
    }),
    thumbhash: t.exposeString('thumbhash', { description: 'A 25-byte preview, base64 (thumbhash).' }),
    sha256: t.string({ description: 'Of the master file, in hexadecimal.', resolve: ({ id }) => id }),
    seed: t.field({ type: 'Seed', description: 'That decided its noise.', resolve: ({ seed }) => seed }),
    fingerprint: t.exposeString('fingerprint', {
      description: "Canonical fingerprint of everything that decides this picture's pixels.",
    }),
  }),
});

builder.queryField('image', (t) =>
  t.field({
    type: Image,
    nullable: true,
    description: 'The picture with this id; null when it was never made here.',
    args: { id: t.arg.id({ required: true, description: 'An `Image.id`, or the sha256 of its master file.' }) },
    resolve: (_root, { id }, { studio }) => studio.image(rawId('Image', id)),
  }),
);

interface Variant {
  readonly w: number | null | undefined;
  readonly h: number | null | undefined;
  readonly q: number | null | undefined;
}

function addressOf({ id }: StudioImage, variant: Variant, format: Format, baseUrl: string): string {
  const most = { w: MAX_SIDE, h: MAX_SIDE, q: 100 };
  const names = { w: 'width', h: 'height', q: 'quality' };
  const query = new URLSearchParams();
  for (const key of ['w', 'h', 'q'] as const) {
    const value = variant[key];
    if (value == null) continue;
    if (value < 1 || value > most[key])
      throw refusal(
        `Expected \`${names[key]}\` to be between 1 and ${most[key]} but received ${value}.`,
        'OUT_OF_RANGE',
        { field: names[key], received: value, min: 1, max: most[key] },
      );
    query.set(key, String(value));
  }
  const extension = format === 'AUTO' ? '' : `.${format.toLowerCase()}`;
  return `${baseUrl}/images/${id}${extension}${query.size === 0 ? '' : `?${query}`}`;
}
