import { randomUUID } from 'node:crypto';
import { requestFingerprint } from './canonical.js';
import type { Order } from './request.js';
import type { Generation } from './types.js';

/** A request's generation before anything has happened. */
export function initialGeneration({ canonical, promptTokens, promptTruncated }: Order, at: number): Generation {
  const { operation, model, prompt, negativePrompt, seed, width, height, steps, guidance, count } = canonical;
  return {
    id: randomUUID(),
    operation,
    status: 'QUEUED',
    modelName: model,
    prompt,
    negativePrompt,
    seed,
    width,
    height,
    steps,
    guidance,
    count,
    promptTokens,
    promptTruncated,
    cache: 'MISS',
    fingerprint: requestFingerprint(canonical),
    step: 0,
    totalSteps: steps * count,
    queuePosition: null,
    imageIds: [],
    timings: [],
    problem: null,
    createdAt: at,
    finishedAt: null,
  };
}

/** Prompts are the client's, and stay out of traces. */
export function spanAttributes({ id, modelName, seed, count, width, height, steps }: Generation) {
  return {
    'inkstone.generation': id,
    'gen_ai.operation.name': 'generate_content',
    'gen_ai.output.type': 'image',
    'gen_ai.provider.name': 'inkstone',
    'gen_ai.request.model': modelName,
    'gen_ai.request.seed': seed,
    'gen_ai.request.choice.count': count,
    'inkstone.width': width,
    'inkstone.height': height,
    'inkstone.steps': steps,
  };
}
