import { type ProblemCode as Code, problemCodes } from '../src/domain/problem-codes.js';
import {
  InvalidInput,
  NotCached,
  NotFound,
  Problem,
  QueueFull,
  StorageUnavailable,
  UnknownModel,
} from '../src/domain/problems.js';
import { codeOf, parametersOf } from '../src/generation/problem-record.js';
import type { ProblemRecord } from '../src/generation/types.js';
import { builder } from './builder.js';

/** What every problem has, whether it is an error that was thrown or a record of a generation's end. */
type AnyProblem = Problem | ProblemRecord;

/** By its shape, because the plugin for errors wraps what was thrown. */
const isThrown = (problem: AnyProblem): problem is Problem => 'parameters' in problem;

export const ProblemCode = builder.enumType('ProblemCode', {
  description:
    'What went wrong, for programs: the same for ever. More may be added. The parameters that each names are in `Problem.parameters`.',
  values: Object.fromEntries(
    Object.entries(problemCodes).map(([code, description]) => [code, { description }]),
  ) as Record<Code, { description: string }>,
});

const ProblemParameter = builder.objectRef<readonly [string, string | number]>('ProblemParameter').implement({
  description: 'A value that a sentence about a problem speaks of.',
  fields: (t) => ({
    name: t.string({ description: 'What it is, such as `field`, `min` or `max`.', resolve: ([name]) => name }),
    value: t.string({
      description: 'As text; numbers in decimal, lists joined by ", ".',
      resolve: ([, value]) => String(value),
    }),
  }),
});

export const ProblemInterface = builder.interfaceRef<AnyProblem>('Problem').implement({
  description: 'Every expected failure. Never a bug: bugs are masked GraphQL errors.',
  fields: (t) => ({
    message: t.exposeString('message', {
      description: 'One sentence for people, in English, that says what was expected and what was received.',
    }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same request may succeed later.' }),
    code: t.field({
      type: ProblemCode,
      description: 'What went wrong, for programs that have messages of their own.',
      resolve: (problem) => (isThrown(problem) ? problem.code : codeOf(problem)),
    }),
    parameters: t.field({
      type: [ProblemParameter],
      description:
        'The values that such a message needs, each name once. A refused value always has `field`, `expected` (in English) and `received`.',
      resolve: (problem) => Object.entries(isThrown(problem) ? problem.parameters : parametersOf(problem)),
    }),
  }),
});

builder.objectType(InvalidInput, {
  name: 'InvalidInput',
  description: 'A value cannot be used. The message says what was expected and what was received.',
  interfaces: [ProblemInterface],
  fields: (t) => ({ field: t.exposeString('field', { description: 'The input field or argument it is about.' }) }),
});

builder.objectType(UnknownModel, {
  name: 'UnknownModel',
  description: 'No model of this server is called so, or it is listed and cannot be used.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    available: t.field({
      type: ['ID'],
      description: 'Catalog names of the models that can be asked for instead.',
      resolve: ({ available }) => [...available],
    }),
  }),
});

builder.objectType(QueueFull, {
  name: 'QueueFull',
  description: 'More is waiting than this server lets wait.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', {
      description: 'When a place should be free, in milliseconds from now.',
    }),
  }),
});

builder.objectType(StorageUnavailable, {
  name: 'StorageUnavailable',
  description:
    "The server's disk is full or cannot be written, so that no image can be made. Requests in the result cache are still answered.",
  interfaces: [ProblemInterface],
  // Also as the end of a generation that had begun.
  isTypeOf: (value) =>
    value instanceof StorageUnavailable || (value as Partial<ProblemRecord>).code === 'StorageUnavailable',
});

builder.objectType(NotCached, {
  name: 'NotCached',
  description: 'The image was asked for from the result cache only, and is not there.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    fingerprint: t.exposeString('fingerprint', { description: 'Fingerprint of the request that was looked for.' }),
  }),
});

builder.objectType(NotFound, {
  name: 'NotFound',
  description: 'Nothing on this server has this id.',
  interfaces: [ProblemInterface],
});

const recorded = (code: ProblemRecord['code'], description: string) =>
  builder.objectRef<ProblemRecord>(code).implement({
    description,
    interfaces: [ProblemInterface],
    isTypeOf: (value) => (value as Partial<ProblemRecord>).code === code,
  });

recorded('EngineLost', 'The process that computes ended or stopped answering. It is started again.');
recorded('Interrupted', 'The server ended three times while the generation was waiting or running.');
recorded('DeadlineExceeded', 'The generation took longer than a job may take.');
recorded('Failed', 'Something unexpected. The server has logged what.');
builder.objectRef<ProblemRecord>('NonFinite').implement({
  description: 'The mathematics produced an infinity or a not-a-number, which would have been a black image.',
  interfaces: [ProblemInterface],
  isTypeOf: (value) => (value as Partial<ProblemRecord>).code === 'NonFinite',
  fields: (t) => ({
    step: t.int({
      description: 'The step after which it was found, from 1; 0 is the encoding of the prompt.',
      resolve: ({ step }) => step ?? 0,
    }),
  }),
});

export { InvalidInput, NotCached, NotFound, Problem, QueueFull, StorageUnavailable, UnknownModel };
