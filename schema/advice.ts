import type { Advice as StudioAdvice, PromptAdvice as StudioPromptAdvice } from '../src/studio/advice/advise.js';
import type { PromptParts as StudioParts } from '../src/studio/advice/parts.js';
import { builder } from './builder.js';
import { rawId } from './ids.js';
import { InvalidInput, QueueFull, UnknownModel } from './problems.js';

const AdviceKind = builder.enumType('AdviceKind', {
  description: 'What a piece of advice is about.',
  values: {
    POLITENESS: { description: 'Words to a person, or an order to draw: nothing of it can be seen.' },
    JUDGEMENT: { description: 'Praise without a visible meaning.' },
    NO_SUBJECT: { description: 'Nothing is named that could be drawn.' },
    NO_RELATION: { description: 'Neither place, nor light, nor style is said.' },
    TOO_LONG: { description: 'So long that details get lost.' },
    TRUNCATED: { description: 'Longer than the model reads.' },
  },
});

const PromptLanguage = builder.enumType('PromptLanguage', {
  description: 'The language that advice is given in: the one that most of the prompt is in.',
  values: { ZH: { description: 'Chinese.' }, EN: { description: 'English, or any other but Chinese.' } },
});

const Advice = builder.objectRef<StudioAdvice>('Advice').implement({
  description: 'How a prompt could be better.',
  fields: (t) => ({
    kind: t.field({ type: AdviceKind, description: 'What it is about.', resolve: ({ kind }) => kind }),
    message: t.exposeString('message', { description: "A sentence in the prompt's language." }),
    excerpts: t.field({
      type: ['String'],
      description: 'The words of the prompt that it is about.',
      resolve: ({ excerpts }) => [...excerpts],
    }),
  }),
});

const PromptParts = builder.objectRef<StudioParts>('PromptParts').implement({
  description: 'What a prompt says, in the form that works best: subject + attributes + relation.',
  fields: (t) => ({
    subject: t.exposeString('subject', { nullable: true, description: 'What is drawn; null when it was not found.' }),
    attributes: t.field({
      type: ['String'],
      description: 'How it looks.',
      resolve: ({ attributes }) => [...attributes],
    }),
    relation: t.exposeString('relation', {
      nullable: true,
      description: 'Where it is, how it is lit, in what style; null when none of them is said.',
    }),
  }),
});

const PromptAdvice = builder.objectRef<StudioPromptAdvice>('PromptAdvice').implement({
  description: 'What a model will make of a prompt, before anything is drawn.',
  fields: (t) => ({
    language: t.field({
      type: PromptLanguage,
      description: "The advice's language.",
      resolve: ({ language }) => language,
    }),
    tokens: t.exposeInt('tokens', { description: 'How long the prompt is for the model, its template included.' }),
    maxTokens: t.exposeInt('maxTokens', { description: 'How many of them it reads.' }),
    truncated: t.exposeBoolean('truncated', { description: 'Whether its end would be cut off.' }),
    parts: t.field({ type: PromptParts, description: 'What was found in it.', resolve: ({ parts }) => parts }),
    advice: t.field({
      type: [Advice],
      description: 'How it could be better; empty when nothing was noticed.',
      resolve: ({ advice }) => [...advice],
    }),
  }),
});

builder.queryField('promptAdvice', (t) =>
  t.field({
    type: PromptAdvice,
    description: 'Reads a prompt by rules, draws nothing: its length, its parts, and what spreads the sampling.',
    args: {
      prompt: t.arg.string({ required: true, description: 'As it would be sent to `generate`.' }),
      model: t.arg.id({ description: 'An id or a catalog name; left out, the default model.' }),
    },
    errors: {
      types: [InvalidInput, UnknownModel, QueueFull],
      union: { name: 'PromptAdviceResult', description: 'The advice, or why there is none.' },
    },
    resolve: (_root, { prompt, model }, { studio }) =>
      studio.promptAdvice(prompt, model == null ? null : rawId('Model', model)),
  }),
);
