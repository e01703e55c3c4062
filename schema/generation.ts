import type { Generation as GenerationRecord, StageTiming as Timing } from '../src/generation/types.js';
import { builder } from './builder.js';
import { CacheOutcome, EditMode, GenerationStatus, Operation, Stage } from './enums.js';
import { Missing, rawId } from './ids.js';
import { Image } from './image.js';
import { ImageEdge, imagesOf } from './image-edge.js';
import { Region } from './input-image.js';
import { Applied } from './lora.js';
import { Model } from './model.js';
import { NotFound, ProblemInterface } from './problems.js';

const StageTiming = builder.objectRef<Timing>('StageTiming').implement({
  description: 'How long one stage of a generation took.',
  fields: (t) => ({
    stage: t.field({ type: Stage, description: 'The stage that was timed.', resolve: ({ stage }) => stage }),
    durationMs: t.exposeFloat('durationMs', {
      description: 'Duration in milliseconds, over all images of the generation.',
    }),
  }),
});

export const Generation = builder.loadableNodeRef<GenerationRecord | Error>('Generation', {
  id: { resolve: ({ id }) => id },
  load: async (ids, { service, caller }) => {
    const generations = await service.generations(caller, ids);
    return generations.map((generation, i) => generation ?? new Missing('Generation', ids[i]!));
  },
});

Generation.implement({
  description: "One request's life, from the queue to its images.",
  fields: (t) => ({
    operation: t.field({
      type: Operation,
      description: 'The kind of work that was asked for.',
      resolve: ({ operation }) => operation,
    }),
    status: t.field({
      type: GenerationStatus,
      description: 'How far the generation has come.',
      resolve: ({ status }) => status,
    }),
    model: t.field({
      type: Model,
      nullable: true,
      description: 'The model that makes the images; null when it has since left the catalog.',
      resolve: ({ modelName }, _args, { service, caller }) => service.model(caller, modelName),
    }),
    modelName: t.exposeString('modelName', { description: "The model's name in the catalog, also after it has left." }),
    prompt: t.exposeString('prompt', {
      description: 'The prompt, in Unicode NFC; empty for a refinement without one.',
    }),
    negativePrompt: t.exposeString('negativePrompt', {
      description: 'What the images are not to show; empty where none was sent, or guidance is off.',
    }),
    seed: t.field({
      type: 'Seed',
      description: 'Seed of the first image, as asked for or at random; image i has this seed + i.',
      resolve: ({ seed }) => seed,
    }),
    width: t.exposeInt('width', { description: 'Width of the images in pixels.' }),
    height: t.exposeInt('height', { description: 'Height of the images in pixels.' }),
    steps: t.exposeInt('steps', { description: 'Steps of the noise schedule, 1 … 100.' }),
    guidance: t.exposeFloat('guidance', {
      description: 'Classifier-free guidance that was in effect, after dynamic guidance; 0 is off.',
    }),
    loras: t.field({
      type: [Applied],
      description: 'The LoRAs that were added to the model, with their weights.',
      resolve: ({ loras, modelName }) => loras.map((lora) => ({ ...lora, model: modelName })),
    }),
    editMode: t.field({
      type: EditMode,
      nullable: true,
      description: 'How an image was edited; null where the operation is no EDIT.',
      resolve: ({ editMode }) => editMode,
    }),
    strength: t.exposeFloat('strength', {
      nullable: true,
      description: 'Denoising strength, 0 … 1; null for GENERATE and for instructions.',
    }),
    source: t.field({
      type: Image,
      nullable: true,
      description: 'The image that was changed, where it is one of this server; null otherwise.',
      resolve: ({ sourceId }, _args, { service, caller }) =>
        sourceId === null ? null : service.image(caller, sourceId),
    }),
    regions: t.field({
      type: [Region],
      description: 'Where a refinement improves the image: as asked for, or as found. Empty otherwise.',
      resolve: ({ regions }) => [...regions],
    }),
    promptTokens: t.exposeInt('promptTokens', {
      description: 'Length of the prompt in tokens of the model, its chat template included.',
    }),
    promptTruncated: t.exposeBoolean('promptTruncated', {
      description: 'Whether the end of the prompt was cut off, because it has more tokens than the model reads.',
    }),
    cache: t.field({
      type: CacheOutcome,
      description: 'Whether the result cache answered.',
      resolve: ({ cache }) => cache,
    }),
    fingerprint: t.exposeString('fingerprint', {
      description: 'Fingerprint of the whole request in its canonical form, count included; each image has its own.',
    }),
    step: t.exposeInt('step', { description: 'Steps made so far, over all images; 0 … `totalSteps`.' }),
    totalSteps: t.exposeInt('totalSteps', {
      description: 'Steps that will run, over all images (an edit of strength 0.6 with 8 steps runs 5).',
    }),
    queuePosition: t.exposeInt('queuePosition', {
      nullable: true,
      description: 'How many jobs wait before it, 0 or more; null when it does not wait.',
    }),
    images: t.field({
      type: [Image],
      description:
        'Its finished images in the order of their seeds, without those that are not finished yet or whose records have been deleted: `imageEdges` has the index of each.',
      resolve: (generation, _args, context) => imagesOf(generation, context),
    }),
    imageEdges: t.field({
      type: [ImageEdge],
      description: 'The same images, each with its place in this generation.',
      resolve: async (generation, _args, context) =>
        (await imagesOf(generation, context)).map((image) => ({ image, index: image.seed - generation.seed })),
    }),
    timings: t.field({
      type: [StageTiming],
      description: 'How long its stages have taken so far; empty on a cache hit.',
      resolve: ({ timings }) => [...timings],
    }),
    problem: t.field({
      type: ProblemInterface,
      nullable: true,
      description: 'Why it FAILED; null in every other status.',
      resolve: ({ problem }) => problem,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the generation was asked for.',
      resolve: ({ createdAt }) => createdAt,
    }),
    finishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the generation ended, however it did; null before.',
      resolve: ({ finishedAt }) => finishedAt,
    }),
  }),
});

builder.queryField('generation', (t) =>
  t.field({
    type: Generation,
    nullable: true,
    description: 'The generation with this id; null when there is none.',
    args: {
      id: t.arg.id({
        required: true,
        description: 'The `id` of a generation, as the mutation that began it answered.',
      }),
    },
    resolve: (_root, { id }, { service, caller }) => service.generation(caller, rawId('Generation', id)),
  }),
);

builder.mutationField('cancel', (t) =>
  t.field({
    type: Generation,
    description:
      'Cancels this generation. Others that wait for the same image still get it; the work stops when none is left. A finished generation is returned as it is.',
    args: {
      id: t.arg.id({
        required: true,
        description: 'The `id` of a generation, as the mutation that began it answered.',
      }),
    },
    errors: {
      types: [NotFound],
      union: { name: 'CancelResult', description: 'The generation as it ended, or the problem that there is none.' },
    },
    resolve: (_root, { id }, { service, caller }) => service.cancel(caller, rawId('Generation', id)),
  }),
);
