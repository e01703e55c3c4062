import type { Generation } from './types.js';

/**
 * What operators read of a generation that has ended: what, whose, how and how long.
 *
 * @param withPrompt whether its prompts are logged too
 */
export function logLine(generation: Generation, withPrompt: boolean) {
  const { id, tenant, operation, modelName, status, problem, cache, createdAt, finishedAt } = generation;
  const { prompt, negativePrompt } = generation;
  return {
    generation: id,
    tenant,
    operation,
    model: modelName,
    outcome: status,
    ...(problem === null ? {} : { problem: problem.code }),
    cache,
    ms: (finishedAt ?? createdAt) - createdAt,
    ...(withPrompt ? { prompt, negativePrompt } : {}),
  };
}
