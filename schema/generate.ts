import { builder } from './builder.js';
import { CACHE, NEGATIVE, WAIT } from './descriptions.js';
import { CachePolicy } from './enums.js';
import { Generation } from './generation.js';
import { loraIds, modelId } from './ids.js';
import { InvalidInput, NotCached, QueueFull, StorageUnavailable, UnknownModel } from './problems.js';
import { samplingFields } from './sampling.js';

export const GenerateInput = builder.inputType('GenerateInput', {
  description:
    'Everything that decides the images of a text-to-image request. Equal inputs with a seed give the same images.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description:
        'What the image shows, in Chinese or English, not empty, at most 32 KiB: subject, attributes, relation.',
    }),
    negativePrompt: t.string({ description: NEGATIVE }),
    model: t.id({ description: 'A `Model.id` or catalog name. Left out: the first model that can GENERATE.' }),
    width: t.int({
      description:
        'Width in pixels, a multiple of 16 from `Model.minSide` to `Model.maxSide`. Left out: `Model.defaultWidth`.',
    }),
    height: t.int({
      description:
        'Height in pixels, a multiple of 16 from `Model.minSide` to `Model.maxSide`. Left out: `Model.defaultHeight`.',
    }),
    ...samplingFields(t),
    count: t.int({
      defaultValue: 1,
      description: 'Number of images, 1 … 8; image i has the seed `seed` + i. Left out or null: 1.',
    }),
    cache: t.field({ type: CachePolicy, defaultValue: 'DEFAULT', description: CACHE }),
  }),
});

builder.mutationField('generate', (t) =>
  t.field({
    type: Generation,
    description: 'Text to image: makes images from a prompt, or answers from the result cache.',
    args: {
      input: t.arg({ type: GenerateInput, required: true, description: 'The prompt, and how its images are sampled.' }),
      waitMs: t.arg.int({ defaultValue: 0, description: WAIT }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull, StorageUnavailable, NotCached],
      union: { name: 'GenerateResult', description: 'The generation, or the problem because of which there is none.' },
    },
    resolve: (_root, { input, waitMs }, { service, caller, signal }) =>
      service.generate(
        caller,
        { ...input, model: modelId(input.model), loras: loraIds(input.loras) },
        { waitMs: waitMs ?? 0, signal },
      ),
  }),
);
