import type { Region as RegionRecord } from '../src/engine/engine.js';
import { ownImageId } from '../src/images/address.js';
import type { ImageRequest } from '../src/inputs/source.js';
import { builder } from './builder.js';
import { rawId } from './ids.js';

export const ImageInput = builder.inputType('ImageInput', {
  description:
    'An image to start from: one of this server, one sent along, or one elsewhere. Exactly one of the three.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'An `Image.id`, or the sha256 of its master file.' }),
    upload: t.field({
      type: 'Upload',
      description: 'A file of this request, PNG, JPEG, WebP, AVIF or GIF, at most UPLOAD_BYTES (by default 20 MiB).',
    }),
    url: t.string({
      description:
        'Where it can be fetched from, over HTTP, without credentials. Any `Image.url` of this server is the image itself, whatever size and format it names.',
    }),
  }),
});

/** With the id as the use cases know it, also where an image of this server is named by its address: that address is not fetched. */
export function imageRequest(input: typeof ImageInput.$inferInput, baseUrl: string): ImageRequest {
  if (input.id != null) return { id: rawId('Image', input.id) };
  const own = input.url == null ? null : ownImageId(input.url, baseUrl);
  return own === null ? input : { id: own };
}

export const Region = builder.objectRef<RegionRecord>('Region').implement({
  description: 'A rectangle of an image, in pixels from its top left corner.',
  fields: (t) => ({
    x: t.exposeInt('x', { description: 'Distance of its left edge from the left of the image, in pixels; 0 or more.' }),
    y: t.exposeInt('y', { description: 'Distance of its top edge from the top of the image, in pixels; 0 or more.' }),
    width: t.exposeInt('width', { description: 'Width of the rectangle in pixels; 1 or more.' }),
    height: t.exposeInt('height', { description: 'Height of the rectangle in pixels; 1 or more.' }),
  }),
});

export const RegionInput = builder.inputType('RegionInput', {
  description: 'A rectangle that lies inside of the image, in pixels from its top left corner.',
  fields: (t) => ({
    x: t.int({
      required: true,
      description: 'Distance of its left edge from the left of the image, in pixels; 0 or more.',
    }),
    y: t.int({
      required: true,
      description: 'Distance of its top edge from the top of the image, in pixels; 0 or more.',
    }),
    width: t.int({ required: true, description: 'Width of the rectangle in pixels; 1 or more.' }),
    height: t.int({ required: true, description: 'Height of the rectangle in pixels; 1 or more.' }),
  }),
});
