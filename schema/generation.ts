import type { Generation as StudioGeneration, StageTiming as StudioTiming } from '../src/studio/types.js';
import { builder } from './builder.js';
import { CacheOutcome, CachePolicy, GenerationStatus, Operation, Stage } from './enums.js';
import { Missing, rawId } from './ids.js';
import { Image } from './image.js';
import { Model } from './model.js';
import { InvalidInput, NotCached, NotFound, ProblemInterface, QueueFull, UnknownModel } from './problems.js';

const StageTiming = builder.objectRef<StudioTiming>('StageTiming').implement({
  description: 'What a stage took.',
  fields: (t) => ({
    stage: t.field({ type: Stage, description: 'Which.', resolve: ({ stage }) => stage }),
    durationMs: t.exposeFloat('durationMs', { description: 'Milliseconds.' }),
  }),
});

export const Generation = builder.loadableNodeRef<StudioGeneration | Error>('Generation', {
  id: { resolve: ({ id }) => id },
  load: async (ids, { studio }) => {
    const generations = await studio.generations(ids);
    return generations.map((generation, i) => generation ?? new Missing('Generation', ids[i]!));
  },
});

Generation.implement({
  description: "One request's life, from the queue to its pictures.",
  fields: (t) => ({
    operation: t.field({ type: Operation, description: 'What was asked for.', resolve: ({ operation }) => operation }),
    status: t.field({ type: GenerationStatus, description: 'How far it has come.', resolve: ({ status }) => status }),
    model: t.field({
      type: Model,
      nullable: true,
      description: 'Null when the model has since left the catalog.',
      resolve: ({ modelName }, _args, { studio }) => studio.model(modelName),
    }),
    modelName: t.exposeString('modelName', { description: "The model's name in the catalog, also after it has left." }),
    prompt: t.exposeString('prompt', { description: 'What to draw, as it was understood (Unicode NFC).' }),
    seed: t.field({
      type: 'Seed',
      description: 'Of the first picture, asked for or drawn; picture i has seed + i.',
      resolve: ({ seed }) => seed,
    }),
    width: t.exposeInt('width', { description: 'Pixels.' }),
    height: t.exposeInt('height', { description: 'Pixels.' }),
    steps: t.exposeInt('steps', { description: 'Steps of the noise schedule.' }),
    guidance: t.exposeFloat('guidance', { description: 'Guidance that was in effect, after dynamic guidance.' }),
    promptTokens: t.exposeInt('promptTokens', {
      description: 'How long the prompt is for the model, its template included.',
    }),
    promptTruncated: t.exposeBoolean('promptTruncated', { description: 'Whether its end was cut off.' }),
    cache: t.field({ type: CacheOutcome, description: 'How the result came about.', resolve: ({ cache }) => cache }),
    fingerprint: t.exposeString('fingerprint', {
      description: 'Fingerprint of the whole request, count included; each picture has its own.',
    }),
    step: t.exposeInt('step', { description: 'Forwards made so far.' }),
    totalSteps: t.exposeInt('totalSteps', {
      description: 'Forwards that will run (an edit of strength 0.6 with 8 steps runs 5).',
    }),
    queuePosition: t.exposeInt('queuePosition', {
      nullable: true,
      description: 'How many stand before it, itself included; null when it does not wait.',
    }),
    images: t.field({
      type: [Image],
      description: 'Its finished pictures, in order.',
      resolve: ({ imageIds }) => [...imageIds],
    }),
    timings: t.field({
      type: [StageTiming],
      description: 'What its stages took so far.',
      resolve: ({ timings }) => [...timings],
    }),
    problem: t.field({
      type: ProblemInterface,
      nullable: true,
      description: 'Why it failed.',
      resolve: ({ problem }) => problem,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was asked for.',
      resolve: ({ createdAt }) => createdAt,
    }),
    finishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ended, however it did.',
      resolve: ({ finishedAt }) => finishedAt,
    }),
  }),
});

const GenerateInput = builder.inputType('GenerateInput', {
  description: 'Everything that decides the pictures. Equal inputs with a fixed seed give the same pictures.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description: 'What to draw: subject, attributes, relation. Chinese or English.',
    }),
    negativePrompt: t.string({ description: 'What not to draw, for models with guidance.' }),
    model: t.id({ description: 'An id or a catalog name; left out, the default model.' }),
    width: t.int({ description: "Pixels, a multiple of 16; left out, the model's own." }),
    height: t.int({ description: "Pixels, a multiple of 16; left out, the model's own." }),
    steps: t.int({ description: "1 … 100; left out, the model's own." }),
    guidance: t.float({
      description: 'How strongly to follow the prompt: pos + g·(pos − neg), 0 is off. (ComfyUI’s cfg is g + 1.)',
    }),
    dynamicGuidance: t.boolean({ description: 'Scale guidance by how much the prompt asks for, 0.7 … 1.3 times.' }),
    seed: t.field({
      type: 'Seed',
      description: 'Left out, one is drawn and reported; then nothing is answered from memory.',
    }),
    count: t.int({ required: true, defaultValue: 1, description: 'Pictures, 1 … 8; picture i has seed + i.' }),
    cache: t.field({
      type: CachePolicy,
      required: true,
      defaultValue: 'DEFAULT',
      description: 'Whether a remembered picture may answer.',
    }),
  }),
});

builder.queryField('generation', (t) =>
  t.field({
    type: Generation,
    nullable: true,
    description: 'The generation with this id; null when there is none.',
    args: { id: t.arg.id({ required: true, description: 'A `Generation.id`.' }) },
    resolve: (_root, { id }, { studio }) => studio.generation(rawId('Generation', id)),
  }),
);

builder.mutationField('generate', (t) =>
  t.field({
    type: Generation,
    description: 'Draws a picture from words, or returns the one that was drawn before from the same input.',
    args: {
      input: t.arg({ type: GenerateInput, required: true, description: 'What to draw.' }),
      waitMs: t.arg.int({
        required: true,
        defaultValue: 0,
        description: 'Answer when finished, or after that many milliseconds. 0 answers at once.',
      }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull, NotCached],
      union: { name: 'GenerateResult', description: 'The generation, or why there is none.' },
    },
    resolve: (_root, { input, waitMs }, { studio, signal }) =>
      studio.generate(
        { ...input, model: input.model == null ? null : rawId('Model', input.model) },
        { waitMs, signal },
      ),
  }),
);

builder.mutationField('cancel', (t) =>
  t.field({
    type: Generation,
    description:
      'Takes this generation out of its work. Others that wait for the same picture are not harmed; the last to leave stops it. A finished generation is returned as it is.',
    args: { id: t.arg.id({ required: true, description: 'A `Generation.id`.' }) },
    errors: {
      types: [NotFound],
      union: { name: 'CancelResult', description: 'The generation, or that there is none.' },
    },
    resolve: (_root, { id }, { studio }) => studio.cancel(rawId('Generation', id)),
  }),
);
