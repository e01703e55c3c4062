import type { Advice as StudioAdvice, PromptAdvice as StudioPromptAdvice } from '../src/generation/advice/advise.js';
import type { PromptParts as ServiceParts } from '../src/generation/advice/parts.js';
import { builder } from './builder.js';
import { rawId } from './ids.js';
import { InvalidInput, QueueFull, UnknownModel } from './problems.js';

const AdviceKind = builder.enumType('AdviceKind', {
  description: 'What a piece of advice about a prompt is about.',
  values: {
    POLITENESS: { description: 'Courtesies, or a command to make an image: nothing that an image can show.' },
    JUDGEMENT: { description: 'Praise such as “masterpiece”, which has no visible meaning.' },
    NO_SUBJECT: { description: 'The prompt names nothing that an image can show.' },
    NO_RELATION: { description: 'The prompt says neither place, nor light, nor style.' },
    TOO_LONG: { description: 'The prompt is so long that details get lost.' },
    TRUNCATED: { description: 'The prompt is longer than the model reads; its end is cut off.' },
  },
});

const PromptLanguage = builder.enumType('PromptLanguage', {
  description: 'The language that advice is given in: the one that most of the prompt is in.',
  values: {
    ZH: { description: 'Chinese, where most of the prompt is.' },
    EN: { description: 'English, for prompts in any language but Chinese.' },
  },
});

const Advice = builder.objectRef<StudioAdvice>('Advice').implement({
  description: 'One way in which a prompt could be better.',
  fields: (t) => ({
    kind: t.field({
      type: AdviceKind,
      description: 'What the advice is about, for programs.',
      resolve: ({ kind }) => kind,
    }),
    message: t.exposeString('message', { description: "One sentence of advice for people, in the prompt's language." }),
    excerpts: t.field({
      type: ['String'],
      description: 'The parts of the prompt that the advice is about, word for word; empty when it is about the whole.',
      resolve: ({ excerpts }) => [...excerpts],
    }),
  }),
});

const PromptParts = builder.objectRef<ServiceParts>('PromptParts').implement({
  description: 'What a prompt says, in the form that works best: subject + attributes + relation.',
  fields: (t) => ({
    subject: t.exposeString('subject', {
      nullable: true,
      description: 'The subject of the image; null when none was found.',
    }),
    attributes: t.field({
      type: ['String'],
      description: 'How the subject looks: its colour, material, number, mood.',
      resolve: ({ attributes }) => [...attributes],
    }),
    relation: t.exposeString('relation', {
      nullable: true,
      description: 'Where it is, how it is lit, in what style; null when none of them is said.',
    }),
  }),
});

const PromptAdvice = builder.objectRef<StudioPromptAdvice>('PromptAdvice').implement({
  description: 'How a model reads a prompt, found by rules: no model runs.',
  fields: (t) => ({
    language: t.field({
      type: PromptLanguage,
      description: 'The language that the advice is written in.',
      resolve: ({ language }) => language,
    }),
    tokens: t.exposeInt('tokens', {
      description: 'Length of the prompt in tokens of the model, its chat template included.',
    }),
    maxTokens: t.exposeInt('maxTokens', {
      description: 'The most tokens of a prompt that the model reads; 1 or more.',
    }),
    truncated: t.exposeBoolean('truncated', {
      description: 'Whether the end of the prompt would be cut off, because it has more tokens than `maxTokens`.',
    }),
    parts: t.field({
      type: PromptParts,
      description: 'The subject, attributes and relation that were found in the prompt.',
      resolve: ({ parts }) => parts,
    }),
    advice: t.field({
      type: [Advice],
      description: 'How the prompt could be better; empty when nothing was noticed.',
      resolve: ({ advice }) => [...advice],
    }),
  }),
});

builder.queryField('promptAdvice', (t) =>
  t.field({
    type: PromptAdvice,
    description:
      'Reads a prompt by rules, without running a model: its length in tokens, its parts, and what makes its images vary.',
    args: {
      prompt: t.arg.string({ required: true, description: 'The prompt, as it would be sent to `generate`.' }),
      model: t.arg.id({ description: 'An id or a catalog name; left out, the default model.' }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull],
      union: {
        name: 'PromptAdviceResult',
        description: 'The advice on the prompt, or the problem because of which there is none.',
      },
    },
    resolve: (_root, { prompt, model }, { service, caller }) =>
      service.promptAdvice(caller, prompt, model == null ? null : rawId('Model', model)),
  }),
);
