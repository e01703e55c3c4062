import type { AppliedLora } from '../src/engine/job.js';
import type { Lora as StudioLora } from '../src/studio/types.js';
import { builder } from './builder.js';

/** What a model lists. */
export const Lora = builder.objectRef<StudioLora>('Lora').implement({
  description: 'A small addition to a model, such as a style, that a request may ask for.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'What requests call it.' }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
  }),
});

/** What a generation had. */
export const Applied = builder.objectRef<AppliedLora>('AppliedLora').implement({
  description: 'A LoRA that was added, and how strongly.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'What requests call it.' }),
    weight: t.exposeFloat('weight', { description: '1 is as it was trained.' }),
  }),
});

export const LoraInput = builder.inputType('LoraInput', {
  description: 'A LoRA of `Model.loras` to add.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'A `Lora.id` of the model.' }),
    weight: t.float({
      required: true,
      defaultValue: 1,
      description: 'How strongly: 1 is as it was trained, 0 not at all, below 0 its opposite. −8 … 8.',
    }),
  }),
});
