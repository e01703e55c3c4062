import { EngineLost } from '../../src/engine/problems.js';
import { toProblemRecord } from '../../src/generation/problem-record.js';
import { InProcessQueue } from '../../src/jobs/in-process.js';
import { queueConformance } from './queue.js';

queueConformance(
  'the queue of one process',
  async ({ workers, limit }) =>
    new InProcessQueue({
      ...{ workers, limit, now: () => Date.now(), problemOf: toProblemRecord },
      worthAnotherTry: (error) => error instanceof EngineLost,
    }),
);
