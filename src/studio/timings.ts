import type { StageTiming } from './types.js';

/** Several pictures go through the same stages: a stage's time is theirs together. */
export function added(timings: readonly StageTiming[], { stage, durationMs }: StageTiming): readonly StageTiming[] {
  const known = timings.some((timing) => timing.stage === stage);
  if (!known) return [...timings, { stage, durationMs }];
  return timings.map((timing) =>
    timing.stage === stage ? { stage, durationMs: timing.durationMs + durationMs } : timing,
  );
}
