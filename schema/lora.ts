import type { Caller } from '../src/domain/caller.js';
import type { AppliedLora } from '../src/engine/engine.js';
import type { Lora as LoraRecord, UseCases } from '../src/generation/types.js';
import { builder } from './builder.js';
import { Missing } from './ids.js';

/** What a model lists. What it is called in the catalog is its own only within the model, so its id names both. */
export const Lora = builder.loadableNodeRef<LoraRecord | Error>('Lora', {
  id: {
    resolve: ({ model, id }) => `${model}/${id}`,
    description: 'Opaque, the same for ever, and of this model alone.',
  },
  load: async (ids, { service, caller }) =>
    Promise.all(
      ids.map(async (id) => {
        const [model = '', key = ''] = id.split('/');
        return (await loraOf(service, caller, model, key)) ?? new Missing('Lora', id);
      }),
    ),
});

Lora.implement({
  description: 'A small addition to a model, such as a style, that a request may ask for.',
  fields: (t) => ({
    key: t.exposeString('id', {
      description: 'Its name in the catalog, of its model alone. Requests take it in place of the id.',
    }),
    name: t.exposeString('name', { description: 'What people call it, for a form.' }),
    description: t.exposeString('description', { description: 'What it does to the image, in a sentence for people.' }),
  }),
});

/** Null where the model lists it no more, or it cannot be used. */
async function loraOf(service: UseCases, caller: Caller, model: string, key: string): Promise<LoraRecord | null> {
  return (await service.model(caller, model))?.loras.find((lora) => lora.id === key) ?? null;
}

/** A LoRA of a generation, with the model that it was added to. */
export interface Applied extends AppliedLora {
  readonly model: string;
}

/** What a generation had: no entity, so it has no id by which a cache would take two of them for one. */
export const Applied = builder.objectRef<Applied>('AppliedLora').implement({
  description: 'A LoRA that was added to a generation, and how strongly.',
  fields: (t) => ({
    lora: t.field({
      type: Lora,
      nullable: true,
      description: 'The LoRA itself; null when the model lists it no more, or it cannot be used.',
      resolve: ({ model, id }, _args, { service, caller }) => loraOf(service, caller, model, id),
    }),
    key: t.exposeString('id', { description: 'Its `Lora.key`, also after the model lists it no more.' }),
    weight: t.exposeFloat('weight', {
      description: 'How strongly, −8 … 8: 1 is as it was trained, below 0 its opposite.',
    }),
  }),
});

export const LoraInput = builder.inputType('LoraInput', {
  description: 'A LoRA to add to the model, and how strongly.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'A `Lora.id` or `Lora.key` of the model.' }),
    weight: t.float({
      defaultValue: 1,
      description:
        'How strongly, −8 … 8: 1 is as it was trained, 0 not at all, below 0 its opposite. Left out or null: 1.',
    }),
  }),
});
