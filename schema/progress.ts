import type { ProgressEvent as EventRecord } from '../src/generation/types.js';
import { builder } from './builder.js';
import { Stage } from './enums.js';
import { Generation } from './generation.js';
import { rawId } from './ids.js';
import { refusal } from './refusal.js';

type EventOf<Type extends EventRecord['type']> = Extract<EventRecord, { type: Type }>;

const ProgressEvent = builder.interfaceRef<EventRecord>('ProgressEvent').implement({
  description: 'Something that happened to a generation.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', {
      description:
        'Rises from 1; it leaps where another process took the generation over. Send the last one seen as `after`.',
    }),
    at: t.field({ type: 'DateTime', description: 'When the event happened.', resolve: ({ at }) => at }),
    generation: t.field({
      type: Generation,
      description: 'The generation, as it is when the event is sent.',
      resolve: ({ generation }) => generation,
    }),
  }),
});

function event<Type extends EventRecord['type']>(type: Type, description: string) {
  return builder.objectRef<EventOf<Type>>(type).implement({
    description,
    interfaces: [ProgressEvent],
    isTypeOf: (value) => (value as EventRecord).type === type,
  });
}

const GenerationQueued = event('GenerationQueued', 'It waits for an engine, or has moved up.');
builder.objectField(GenerationQueued, 'position', (t) =>
  t.exposeInt('position', { description: 'How many jobs wait before it; 0 when it is the next, or begins at once.' }),
);

const StageStarted = event('StageStarted', 'A long stage (loading a model) is announced before it is over.');
builder.objectField(StageStarted, 'stage', (t) =>
  t.field({ type: Stage, description: 'The stage that has begun.', resolve: ({ stage }) => stage }),
);

const StageFinished = event('StageFinished', 'A stage of the generation is over.');
builder.objectFields(StageFinished, (t) => ({
  stage: t.field({ type: Stage, description: 'The stage that is over.', resolve: ({ stage }) => stage }),
  durationMs: t.exposeFloat('durationMs', { description: 'How long the stage took, in milliseconds.' }),
}));

const StepFinished = event('StepFinished', 'One step of the noise schedule is made.');
builder.objectFields(StepFinished, (t) => ({
  image: t.exposeInt('image', { description: 'Which image of the request, 0 … count − 1.' }),
  step: t.exposeInt('step', { description: 'Steps made so far for this image, 1 … `totalSteps`.' }),
  totalSteps: t.exposeInt('totalSteps', { description: 'Steps that will run for this image.' }),
  sigma: t.exposeFloat('sigma', { description: 'Noise level after this step, from 1 (noise alone) down to 0.' }),
  preview: t.exposeString('preview', {
    nullable: true,
    description: 'A small image of what is emerging, as a data: URL; null on steps without one.',
  }),
}));

event('GenerationFinished', 'It has ended, however it did. Always the last.');
event(
  'Heartbeat',
  "Sent when nothing else was for a while, so that clients notice a dead connection. Has the last event's sequence.",
);

builder.subscriptionField('generationProgress', (t) =>
  t.field({
    type: ProgressEvent,
    description:
      'Everything that happened to a generation since `after`, in order and without gaps, then live. Ends with its last event. An unknown id is an error with the code NOT_FOUND; after a restart what is still known is answered and ends with the last event.',
    args: {
      id: t.arg.id({
        required: true,
        description: 'The `id` of a generation, as the mutation that began it answered.',
      }),
      after: t.arg.int({
        defaultValue: 0,
        description: 'The last sequence that was seen, 0 or more. Left out, null or 0: from the beginning.',
      }),
    },
    async subscribe(_root, args, { service, caller, signal, cursor }) {
      const id = rawId('Generation', args.id);
      const after = args.after ?? 0;
      if (after < 0)
        throw refusal(`Expected \`after\` to be 0 or more but received ${after}.`, 'OUT_OF_RANGE', {
          field: 'after',
          received: after,
          min: 0,
        });
      const generation = await service.generation(caller, id);
      if (generation === null)
        throw refusal(
          'No generation has this id.',
          'NOT_FOUND',
          { type: 'Generation', id: id.slice(0, 60) },
          'NOT_FOUND',
        );
      cursor.over = generation.finishedAt !== null;
      return service.progress(caller, id, Math.max(after, cursor.after ?? 0), signal);
    },
    resolve(progress, _args, { cursor }) {
      cursor.sequence = progress.sequence;
      cursor.over ||= progress.type === 'GenerationFinished';
      return progress;
    },
  }),
);
