import type { ProblemRecord } from '../../domain/problem.js';
import type { Worker } from '../queue.js';
import type { HeldRun } from './held-run.js';

export interface Judgement {
  readonly problemOf: (error: unknown) => ProblemRecord;
  readonly worthAnotherTry: (error: unknown) => boolean;
}

/** Of one job. */
const MOST_TRIES = 3;

/** Runs jobs together; after a failure those of each request for themselves, since it may be another's fault. */
export async function runGroups(
  worker: Worker,
  runs: readonly HeldRun[],
  { problemOf, worthAnotherTry }: Judgement,
): Promise<void> {
  const groups: (readonly HeldRun[])[] = [runs];
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const wanted = group.filter(({ isWanted }) => isWanted);
    if (wanted.length === 0) continue;
    try {
      await worker.run(wanted);
    } catch (error) {
      const requests = new Set(wanted.map(({ job }) => job.request));
      for (const request of requests) {
        const left = wanted.filter(({ job, isWanted }) => isWanted && job.request === request);
        const again = left.filter(({ attempt }) => worthAnotherTry(error) && attempt < MOST_TRIES);
        for (const run of again) run.attempt++;
        if (requests.size > 1) groups.push(left);
        else {
          groups.push(again);
          for (const run of left) if (!again.includes(run)) run.emit({ type: 'failed', problem: problemOf(error) });
        }
      }
    }
  }
}
