import { randomUUID } from 'node:crypto';
import type { CanonicalRequest } from '../domain/canonical.js';
import type { Generation } from '../domain/generation.js';
import { stepsRun } from '../engine/pipelines/schedule.js';
import { requestFingerprint } from './canonical.js';
import type { ResolvedRequest } from './resolved-request.js';

/** A request's generation before anything has happened. */
export function initialGeneration(
  { canonical, inputImages, promptTokens }: ResolvedRequest,
  tenant: string,
  at: number,
): Generation {
  const totalSteps = stepsRun(canonical);
  const { operation, model, prompt, seed, width, height, sampling, count } = canonical;
  return {
    ...changeOf(canonical),
    id: randomUUID(),
    tenant,
    operation,
    status: 'QUEUED',
    modelName: model,
    prompt: prompt.text,
    negativePrompt: prompt.negative,
    seed,
    width,
    height,
    steps: sampling.steps,
    guidance: sampling.guidance,
    count,
    loras: sampling.loras.map(({ id, weight }) => ({ id, weight })),
    sourceId: inputImages?.sourceId ?? null,
    promptTokens: promptTokens.tokens,
    promptTruncated: promptTokens.truncated,
    cache: 'MISS',
    fingerprint: requestFingerprint(canonical),
    step: 0,
    totalSteps: totalSteps * count,
    queuePosition: null,
    imageIds: [],
    images: Array.from({ length: count }, () => ({ step: 0, totalSteps, imageId: null })),
    timings: [],
    problem: null,
    createdAt: at,
    finishedAt: null,
  };
}

function changeOf(request: CanonicalRequest): Pick<Generation, 'editMode' | 'strength' | 'regions'> {
  if (request.operation === 'GENERATE') return { editMode: null, strength: null, regions: [] };
  if (request.operation === 'EDIT') return { editMode: request.mode, strength: request.strength, regions: [] };
  return { editMode: null, strength: request.strength, regions: request.regions ?? [] };
}

/** Prompts are the client's, and stay out of traces. */
export function spanAttributes({ id, operation, modelName, seed, count, width, height, steps }: Generation) {
  return {
    'inkstone.generation': id,
    'gen_ai.operation.name': 'generate_content',
    'gen_ai.output.type': 'image',
    'gen_ai.provider.name': 'inkstone',
    'gen_ai.request.model': modelName,
    'inkstone.operation': operation,
    'gen_ai.request.seed': seed,
    'gen_ai.request.choice.count': count,
    'inkstone.width': width,
    'inkstone.height': height,
    'inkstone.steps': steps,
  };
}
