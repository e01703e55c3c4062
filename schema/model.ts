import type { Model as StudioModel } from '../src/generation/types.js';
import { builder } from './builder.js';
import { EditMode, Operation } from './enums.js';
import { Missing } from './ids.js';
import { Lora } from './lora.js';

export const Model = builder.loadableNodeRef<StudioModel | Error>('Model', {
  id: {
    resolve: ({ id }) => id,
    description: 'Opaque and the same for ever. Catalog names are taken as well wherever a model is asked for.',
  },
  load: async (ids, { service, caller }) =>
    Promise.all(ids.map(async (id) => (await service.model(caller, id)) ?? new Missing('Model', id))),
});

Model.implement({
  description: 'A model of this server that requests can name.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people call it, for a form.' }),
    family: t.exposeString('family', { description: 'The architecture that it shares with others, such as z-image.' }),
    operations: t.field({
      type: [Operation],
      description: 'The kinds of work that it can do; at least one.',
      resolve: ({ operations }) => [...operations],
    }),
    editModes: t.field({
      type: [EditMode],
      description: 'The ways in which it can edit; empty when it cannot.',
      resolve: ({ editModes }) => [...editModes],
    }),
    defaultSteps: t.exposeInt('defaultSteps', {
      description: 'Steps of the noise schedule when none are asked for, 1 … 100.',
    }),
    defaultGuidance: t.exposeFloat('defaultGuidance', {
      description: 'Classifier-free guidance when none is asked for, 0 … 20; 0 is off.',
    }),
    defaultRefineSteps: t.exposeInt('defaultRefineSteps', {
      description: 'Steps of a refinement that names none, 1 … 100.',
    }),
    defaultRefineStrength: t.exposeFloat('defaultRefineStrength', {
      description: 'Denoising strength of a refinement when none is asked for, above 0 and at most 1.',
    }),
    defaultWidth: t.exposeInt('defaultWidth', { description: 'Width in pixels when none is asked for.' }),
    defaultHeight: t.exposeInt('defaultHeight', { description: 'Height in pixels when none is asked for.' }),
    minSide: t.exposeInt('minSide', { description: 'The shortest side of its images, in pixels.' }),
    maxSide: t.exposeInt('maxSide', { description: 'The longest side of its images, in pixels.' }),
    maxPixels: t.exposeInt('maxPixels', { description: 'The largest width × height of its images, in pixels.' }),
    maxPromptTokens: t.exposeInt('maxPromptTokens', {
      description: 'The most tokens of a prompt that it reads; more are cut off.',
    }),
    maxReferences: t.exposeInt('maxReferences', {
      description: 'The most images beside the source that an instruction may speak of, 0 … 8.',
    }),
    loras: t.field({
      type: [Lora],
      description: 'The LoRAs that requests may add to it.',
      resolve: ({ loras }) => [...loras],
    }),
    supportsGuidance: t.exposeBoolean('supportsGuidance', {
      description: 'Whether guidance above 0 can be asked for.',
    }),
    supportsNegativePrompt: t.exposeBoolean('supportsNegativePrompt', {
      description: 'Whether `negativePrompt` can be used with it.',
    }),
    loaded: t.exposeBoolean('loaded', { description: 'Whether it is in memory now, so that no loading comes first.' }),
  }),
});

builder.queryField('models', (t) =>
  t.field({
    type: [Model],
    description: 'The models of this server that can be used. The first is the default.',
    resolve: async (_root, _args, { service, caller }) => [...(await service.models(caller))],
  }),
);
