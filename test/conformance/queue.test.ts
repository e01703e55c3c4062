import { EngineLost } from '../../src/engine/problems.js';
import { InProcessQueue } from '../../src/jobs/in-process.js';
import { toProblemRecord } from '../../src/studio/problem-record.js';
import { queueConformance } from './queue.js';

queueConformance(
  'the queue of one process',
  async ({ workers, limit }) =>
    new InProcessQueue({
      ...{ workers, limit, now: () => Date.now(), problemOf: toProblemRecord },
      worthAnotherTry: (error) => error instanceof EngineLost,
    }),
);
