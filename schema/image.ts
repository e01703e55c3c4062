import type { ImageFormat as Format } from '../src/domain/variant.js';
import type { Image as ImageData } from '../src/generation/types.js';
import { imageAddress, MAX_SIDE } from '../src/images/address.js';
import { builder } from './builder.js';
import { ImageFormat } from './enums.js';
import { Missing, rawId } from './ids.js';
import { refusal } from './refusal.js';

export const Image = builder.loadableNodeRef<ImageData | Error>('Image', {
  id: { resolve: ({ id }) => id },
  load: async (ids, { service, caller }) => {
    const images = await service.images(caller, ids);
    return images.map((image, i) => image ?? new Missing('Image', ids[i]!));
  },
});

Image.implement({
  description:
    'An image with its recipe written into it. Its id is the hash of both, so equal requests give the same Image.',
  fields: (t) => ({
    width: t.exposeInt('width', { description: 'Width of the master file in pixels.' }),
    height: t.exposeInt('height', { description: 'Height of the master file in pixels.' }),
    url: t.string({
      description:
        'Absolute, content-addressed address of the image, resized and encoded as asked: one side keeps the ratio, two cover and crop, never enlarge. Immutable: cache it for ever.',
      args: {
        width: t.arg.int({ description: 'Width in pixels, 1 … 16384. With `height` left out, the ratio stays.' }),
        height: t.arg.int({ description: 'Height in pixels, 1 … 16384. With `width` left out, the ratio stays.' }),
        format: t.arg({
          type: ImageFormat,
          defaultValue: 'AUTO',
          description: 'File format. AUTO lets each client choose by its Accept header.',
        }),
        quality: t.arg.int({
          description: 'Quality of a lossy format, 1 … 100. Left out: one that looks alike in every format.',
        }),
      },
      resolve: (image, { width, height, format, quality }, { baseUrl }) =>
        addressOf(image, { width, height, quality }, format ?? 'AUTO', baseUrl),
    }),
    thumbhash: t.exposeString('thumbhash', {
      description: 'A preview of about 25 bytes in base64, to be shown while the image loads (ThumbHash).',
    }),
    sha256: t.string({ description: 'SHA-256 of the master file, 64 hexadecimal digits.', resolve: ({ id }) => id }),
    seed: t.field({
      type: 'Seed',
      description: 'The seed of its noise, with which it can be asked for again.',
      resolve: ({ seed }) => seed,
    }),
    fingerprint: t.exposeString('fingerprint', {
      description: "Canonical fingerprint of everything that decides this image's pixels.",
    }),
  }),
});

builder.queryField('image', (t) =>
  t.field({
    type: Image,
    nullable: true,
    description: 'The image with this id; null when it was never made here.',
    args: { id: t.arg.id({ required: true, description: 'An `Image.id`, or the sha256 of its master file.' }) },
    resolve: (_root, { id }, { service, caller }) => service.image(caller, rawId('Image', id)),
  }),
);

interface Asked {
  readonly width: number | null | undefined;
  readonly height: number | null | undefined;
  readonly quality: number | null | undefined;
}

const MOST = { width: MAX_SIDE, height: MAX_SIDE, quality: 100 } as const;

function addressOf({ id }: ImageData, asked: Asked, format: Format, baseUrl: string): string {
  const read = (name: keyof Asked) => {
    const value = asked[name] ?? undefined;
    if (value === undefined || (value >= 1 && value <= MOST[name])) return value;
    throw refusal(`Expected \`${name}\` to be between 1 and ${MOST[name]} but received ${value}.`, 'OUT_OF_RANGE', {
      ...{ field: name, received: value, min: 1, max: MOST[name] },
    });
  };
  const variant = { width: read('width'), height: read('height'), quality: read('quality'), format };
  return `${baseUrl}${imageAddress(id, variant)}`;
}
