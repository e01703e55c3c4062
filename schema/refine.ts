import { builder } from './builder.js';
import { CACHE, LORAS, SEED, WAIT } from './descriptions.js';
import { CachePolicy } from './enums.js';
import { Generation } from './generation.js';
import { loraIds, modelId } from './ids.js';
import { ImageInput, imageRequest, RegionInput } from './input-image.js';
import { LoraInput } from './lora.js';
import { InvalidInput, NotCached, NotFound, QueueFull, StorageUnavailable, UnknownModel } from './problems.js';

export const RefineInput = builder.inputType('RefineInput', {
  description:
    'An image to improve where it needs it: under a mask, in regions, or, with neither, where faces, lettering or fine texture are found. Every other pixel comes back unchanged.',
  fields: (t) => ({
    image: t.field({
      type: ImageInput,
      required: true,
      description: 'The image to refine. It is not resized, so it must be within the limits of the model.',
    }),
    prompt: t.string({ description: 'What the image shows, at most 32 KiB. Left out: empty.' }),
    model: t.id({ description: 'A `Model.id` or catalog name. Left out: the first model that can REFINE.' }),
    steps: t.int({
      description: 'Steps of the noise schedule, 1 … 100; all of them run. Left out: `Model.defaultRefineSteps`.',
    }),
    strength: t.float({
      description:
        'Denoising strength, above 0 and at most 1: the noise level at which the regions begin. Left out: `Model.defaultRefineStrength`.',
    }),
    mask: t.field({
      type: ImageInput,
      description:
        "White is improved, fading inwards at its edge. Lightness from one half on counts as white, what is transparent as black. Of the image's size, or of its shape. Not together with `regions`.",
    }),
    regions: t.field({
      type: [RegionInput],
      description:
        'Where to improve the image, 1 … 32 rectangles inside of it. Not together with `mask`. Left out: found by the server.',
    }),
    loras: t.field({ type: [LoraInput], description: LORAS }),
    seed: t.field({ type: 'Seed', description: SEED }),
    cache: t.field({ type: CachePolicy, defaultValue: 'DEFAULT', description: CACHE }),
  }),
});

builder.mutationField('refine', (t) =>
  t.field({
    type: Generation,
    description: 'Improves regions of an image, or answers with the one that came of the same input before.',
    args: {
      input: t.arg({ type: RefineInput, required: true, description: 'Which image, and where to improve it.' }),
      waitMs: t.arg.int({ defaultValue: 0, description: WAIT }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull, StorageUnavailable, NotCached, NotFound],
      union: { name: 'RefineResult', description: 'The generation, or the problem because of which there is none.' },
    },
    resolve: (_root, { input, waitMs }, { service, caller, signal, baseUrl }) => {
      const images = {
        image: imageRequest(input.image, baseUrl),
        mask: input.mask == null ? null : imageRequest(input.mask, baseUrl),
      };
      return service.refine(
        caller,
        { ...input, ...images, model: modelId(input.model), loras: loraIds(input.loras) },
        { waitMs: waitMs ?? 0, signal },
      );
    },
  }),
);
