import type { Generation, Image as ImageData } from '../src/generation/types.js';
import { builder, type Context } from './builder.js';
import { Missing } from './ids.js';
import { Image } from './image.js';

interface Edge {
  readonly index: number;
  readonly image: ImageData;
}

/** The place stands here and not in Image, which two generations may share: as the third image of one and the first of the other. */
export const ImageEdge = builder.objectRef<Edge>('GenerationImageEdge').implement({
  description: 'An image of a generation, with its place in it.',
  fields: (t) => ({
    index: t.exposeInt('index', {
      description: 'Which image of the request, 0 … count − 1: its seed is `Generation.seed` + index.',
    }),
    node: t.field({ type: Image, description: 'The image that has this place.', resolve: ({ image }) => image }),
  }),
});

/** Images are forgotten sooner than generations: that of one is no reason to withhold the others. */
export async function imagesOf({ imageIds }: Generation, context: Context): Promise<ImageData[]> {
  const loaded = await Image.getDataloader(context).loadMany(imageIds);
  return loaded.flatMap((each) => {
    if (each instanceof Missing) return [];
    if (each instanceof Error) throw each;
    return [each];
  });
}
