import { builder } from './builder.js';
import { CACHE, DYNAMIC, GUIDANCE, LORAS, NORMALIZATION, SEED, TRUNCATION, WAIT } from './descriptions.js';
import { CachePolicy } from './enums.js';
import { Generation } from './generation.js';
import { loraIds, modelId } from './ids.js';
import { LoraInput } from './lora.js';
import { InvalidInput, NotCached, QueueFull, StorageUnavailable, UnknownModel } from './problems.js';

const GenerateInput = builder.inputType('GenerateInput', {
  description: 'Everything that decides the pictures. Equal inputs with a fixed seed give the same pictures.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description: 'What to draw: subject, attributes, relation. Chinese or English.',
    }),
    negativePrompt: t.string({ description: 'What not to draw, for models with guidance.' }),
    model: t.id({ description: 'An id or a catalog name; left out, the first that can draw.' }),
    width: t.int({ description: "Pixels, a multiple of 16; left out, the model's own." }),
    height: t.int({ description: "Pixels, a multiple of 16; left out, the model's own." }),
    steps: t.int({ description: "1 … 100; left out, the model's own." }),
    guidance: t.float({ description: GUIDANCE }),
    dynamicGuidance: t.boolean({ description: DYNAMIC }),
    guidanceNormalization: t.float({ description: NORMALIZATION }),
    guidanceTruncation: t.float({ description: TRUNCATION }),
    loras: t.field({ type: [LoraInput], description: LORAS }),
    seed: t.field({
      type: 'Seed',
      description: SEED,
    }),
    count: t.int({ defaultValue: 1, description: 'Pictures, 1 … 8; picture i has seed + i.' }),
    cache: t.field({ type: CachePolicy, defaultValue: 'DEFAULT', description: CACHE }),
  }),
});

builder.mutationField('generate', (t) =>
  t.field({
    type: Generation,
    description: 'Draws a picture from words, or returns the one that was drawn before from the same input.',
    args: {
      input: t.arg({ type: GenerateInput, required: true, description: 'What to draw.' }),
      waitMs: t.arg.int({ defaultValue: 0, description: WAIT }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull, StorageUnavailable, NotCached],
      union: { name: 'GenerateResult', description: 'The generation, or why there is none.' },
    },
    resolve: (_root, { input, waitMs }, { studio, signal }) =>
      studio.generate(
        { ...input, model: modelId(input.model), loras: loraIds(input.loras) },
        { waitMs: waitMs ?? 0, signal },
      ),
  }),
);
