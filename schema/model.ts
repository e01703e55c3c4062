import type { Model as StudioModel } from '../src/studio/types.js';
import { builder } from './builder.js';
import { EditMode, Operation } from './enums.js';
import { Missing } from './ids.js';

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
    defaultWidth: t.exposeInt('defaultWidth', { description: 'Width in pixels when none is asked for.' }),
    defaultHeight: t.exposeInt('defaultHeight', { description: 'Height in pixels when none is asked for.' }),
    maxPixels: t.exposeInt('maxPixels', { description: 'The largest width × height.' }),
    maxPromptTokens: t.exposeInt('maxPromptTokens', {
      description: 'Tokens of a prompt that are read; more are cut off.',
    }),
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
