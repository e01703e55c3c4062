import type { Model as StudioModel } from '../src/studio/types.js';
import { builder } from './builder.js';
import { EditMode, Operation } from './enums.js';
import { Missing } from './ids.js';
import { Lora } from './lora.js';

export const Model = builder.loadableNodeRef<StudioModel | Error>('Model', {
  id: {
    resolve: ({ id }) => id,
    description: 'Opaque; `name`-like catalog ids are taken wherever a model is asked for.',
  },
  load: async (ids, { studio }) => ids.map((id) => studio.model(id) ?? new Missing('Model', id)),
});

Model.implement({
  description: 'A model that can be chosen.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What people call it.' }),
    family: t.exposeString('family', { description: 'The architecture it shares with others.' }),
    operations: t.field({
      type: [Operation],
      description: 'What it can do.',
      resolve: ({ operations }) => [...operations],
    }),
    editModes: t.field({
      type: [EditMode],
      description: 'How it can edit; empty when it cannot.',
      resolve: ({ editModes }) => [...editModes],
    }),
    defaultSteps: t.exposeInt('defaultSteps', { description: 'Steps when none are asked for.' }),
    defaultGuidance: t.exposeFloat('defaultGuidance', { description: 'Guidance when none is asked for.' }),
    defaultRefineSteps: t.exposeInt('defaultRefineSteps', {
      description: 'Forwards of a refinement when none are asked for.',
    }),
    defaultRefineStrength: t.exposeFloat('defaultRefineStrength', {
      description: 'How much noise a refinement begins with when nothing is asked for, 0 … 1.',
    }),
    defaultWidth: t.exposeInt('defaultWidth', { description: 'Width in pixels when none is asked for.' }),
    defaultHeight: t.exposeInt('defaultHeight', { description: 'Height in pixels when none is asked for.' }),
    maxPixels: t.exposeInt('maxPixels', { description: 'The largest width × height.' }),
    maxPromptTokens: t.exposeInt('maxPromptTokens', {
      description: 'Tokens of a prompt that are read; more are cut off.',
    }),
    maxReferences: t.exposeInt('maxReferences', {
      description: 'Pictures beside the source that an instruction may speak of.',
    }),
    loras: t.field({ type: [Lora], description: 'What may be added to it.', resolve: ({ loras }) => [...loras] }),
    supportsGuidance: t.exposeBoolean('supportsGuidance', {
      description: 'Whether guidance above 0 can be asked for.',
    }),
    supportsNegativePrompt: t.exposeBoolean('supportsNegativePrompt', {
      description: 'Whether it can be told what not to draw.',
    }),
    loaded: t.exposeBoolean('loaded', { description: 'Whether it is in memory now, so that no loading comes first.' }),
  }),
});

builder.queryField('models', (t) =>
  t.field({
    type: [Model],
    description: 'The models of this server. The first is the default.',
    resolve: (_root, _args, { studio }) => [...studio.models()],
  }),
);
