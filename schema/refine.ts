import { builder } from './builder.js';
import { CACHE, LORAS, SEED, WAIT } from './descriptions.js';
import { CachePolicy } from './enums.js';
import { Generation } from './generation.js';
import { loraIds, modelId } from './ids.js';
import { ImageInput, imageRequest, RegionInput } from './input-image.js';
import { LoraInput } from './lora.js';
import { InvalidInput, NotCached, NotFound, QueueFull, StorageUnavailable, UnknownModel } from './problems.js';

const RefineInput = builder.inputType('RefineInput', {
  description:
    'A picture to improve where it needs it: under a mask, in regions, or, with neither, where faces, lettering or fine texture are found. Every other pixel comes back unchanged.',
  fields: (t) => ({
    image: t.field({ type: ImageInput, required: true, description: 'The picture. It is not resized.' }),
    prompt: t.string({ description: 'What it shows. Left out, nothing is said.' }),
    model: t.id({ description: 'An id or a catalog name; left out, the first that can refine.' }),
    steps: t.int({ description: "Forwards, 1 … 100. Left out: the model's own, for this family 4." }),
    strength: t.float({
      description:
        "How much noise it begins with, above 0 and at most 1. Left out: the model's own, for this family 0.35.",
    }),
    mask: t.field({
      type: ImageInput,
      description:
        "White is improved, fading inwards at its edge. Lightness from one half on counts as white, what is transparent as black. Of the picture's size, or of its shape. Not together with `regions`.",
    }),
    regions: t.field({
      type: [RegionInput],
      description: 'Where to improve it, 1 … 32 rectangles. Not together with `mask`.',
    }),
    loras: t.field({ type: [LoraInput], description: LORAS }),
    seed: t.field({ type: 'Seed', description: SEED }),
    cache: t.field({ type: CachePolicy, defaultValue: 'DEFAULT', description: CACHE }),
  }),
});

builder.mutationField('refine', (t) =>
  t.field({
    type: Generation,
    description: 'Improves regions of a picture, or returns the one that came of the same input before.',
    args: {
      input: t.arg({ type: RefineInput, required: true, description: 'Which picture, and where.' }),
      waitMs: t.arg.int({ defaultValue: 0, description: WAIT }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull, StorageUnavailable, NotCached, NotFound],
      union: { name: 'RefineResult', description: 'The generation, or why there is none.' },
    },
    resolve: (_root, { input, waitMs }, { studio, signal, baseUrl }) => {
      const pictures = {
        image: imageRequest(input.image, baseUrl),
        mask: input.mask == null ? null : imageRequest(input.mask, baseUrl),
      };
      return studio.refine(
        { ...input, ...pictures, model: modelId(input.model), loras: loraIds(input.loras) },
        { waitMs: waitMs ?? 0, signal },
      );
    },
  }),
);
