import { SingleBar } from 'cli-progress';
import { anonymous } from '../domain/caller.js';
import type { Generation, UseCases } from '../generation/types.js';

/** Follows a generation to its end and shows on standard error how far it is. */
export async function watch(service: UseCases, begun: Generation): Promise<Generation> {
  const bar = new SingleBar({
    format: '{stage} {bar} {value}/{total}',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  bar.start(begun.totalSteps, 0, { stage: 'waiting  ' });
  let last = begun;
  try {
    for await (const event of service.progress(anonymous, begun.id, 0, new AbortController().signal)) {
      last = event.generation;
      if (event.type === 'StageStarted') bar.update(last.step, { stage: event.stage.toLowerCase().padEnd(9) });
      if (event.type === 'StepFinished') bar.update(event.step, { stage: 'denoise  ' });
    }
  } finally {
    bar.stop();
  }
  return last;
}
