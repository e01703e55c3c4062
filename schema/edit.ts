import { builder } from './builder.js';
import { CACHE, NEGATIVE, WAIT } from './descriptions.js';
import { CachePolicy } from './enums.js';
import { Generation } from './generation.js';
import { loraIds, modelId } from './ids.js';
import { ImageInput, imageRequest } from './input-image.js';
import { InvalidInput, NotCached, NotFound, QueueFull, StorageUnavailable, UnknownModel } from './problems.js';
import { samplingFields } from './sampling.js';

export const EditInput = builder.inputType('EditInput', {
  description:
    'An image and how to edit it: with a mask, the masked part is repainted (INPAINT); else with a strength, the whole image is noised and denoised (STRENGTH); else the prompt is an instruction (INSTRUCTION).',
  fields: (t) => ({
    image: t.field({
      type: ImageInput,
      required: true,
      description:
        'The image to change. One that is larger than the model takes is scaled down, but not with a mask, which promises the other pixels unchanged.',
    }),
    prompt: t.string({
      required: true,
      description: 'The image as it shall be; for INSTRUCTION, what is to be done. Not empty, at most 32 KiB.',
    }),
    negativePrompt: t.string({ description: NEGATIVE }),
    model: t.id({ description: 'A `Model.id` or catalog name. Left out: the first model that can EDIT in this way.' }),
    references: t.field({
      type: [ImageInput],
      description:
        'Further images that the instruction speaks of, at most `Model.maxReferences`. Only for INSTRUCTION. Left out: none.',
    }),
    mask: t.field({
      type: ImageInput,
      description:
        "White is repainted; outside it the source's pixels come back unchanged. Lightness from one half on counts as white, what is transparent as black. Of the image's size, or of its shape.",
    }),
    strength: t.float({
      description:
        'Denoising strength, 0 … 1: the share of the schedule that runs on the noised source; 0 keeps the source, 1 ignores it. At least one step must run. Left out with a mask: 1. Left out without one: INSTRUCTION.',
    }),
    ...samplingFields(t),
    cache: t.field({ type: CachePolicy, defaultValue: 'DEFAULT', description: CACHE }),
  }),
});

builder.mutationField('edit', (t) =>
  t.field({
    type: Generation,
    description: 'Changes an image, or answers with the one that came of the same input before.',
    args: {
      input: t.arg({ type: EditInput, required: true, description: 'The image to edit, and how.' }),
      waitMs: t.arg.int({ defaultValue: 0, description: WAIT }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull, StorageUnavailable, NotCached, NotFound],
      union: { name: 'EditResult', description: 'The generation, or the problem because of which there is none.' },
    },
    resolve: (_root, { input, waitMs }, { service, caller, signal, baseUrl }) => {
      const { image, mask, references, model, loras } = input;
      const images = {
        image: imageRequest(image, baseUrl),
        mask: mask == null ? null : imageRequest(mask, baseUrl),
        references: references?.map((reference) => imageRequest(reference, baseUrl)),
      };
      return service.edit(
        caller,
        { ...input, ...images, model: modelId(model), loras: loraIds(loras) },
        { waitMs: waitMs ?? 0, signal },
      );
    },
  }),
);
