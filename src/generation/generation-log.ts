import type { Generation } from './types.js';

/** What operators read of a generation that has ended: what, how and how long, and nothing of what was asked for. */
export function logLine({ id, operation, modelName, status, problem, cache, createdAt, finishedAt }: Generation) {
  return {
    generation: id,
    operation,
    model: modelName,
    outcome: status,
    ...(problem === null ? {} : { problem: problem.code }),
    cache,
    ms: (finishedAt ?? createdAt) - createdAt,
  };
}
