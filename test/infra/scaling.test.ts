import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { control, jobsIn, readScaling, Scaler } from '../../infra/scaling/controller.js';
import { queueMetrics } from '../../src/http/routes/metrics.js';

const yaml = readFileSync(
  join(import.meta.dirname, '../../infra/kubernetes/components/worker-gpu/scaling.yaml'),
  'utf8',
);
const scaling = readScaling(yaml);

/** Looks every `pollingMs`; workers come and go as soon as they are wanted. */
class Day {
  now = 0;
  workers = 0;
  readonly #scaler = new Scaler(scaling);

  /** The numbers of workers while there are so many jobs for so many seconds, without repeats. */
  during(jobs: number, seconds: number): number[] {
    const seen: number[] = [];
    for (const end = this.now + seconds * 1000; this.now < end; this.now += scaling.pollingMs) {
      this.workers = this.#scaler.decide(this.now, jobs, this.workers);
      if (seen.at(-1) !== this.workers) seen.push(this.workers);
    }
    return seen;
  }
}

describe('the scaling of GPU workers', () => {
  it('is that of the ScaledObject', () => {
    expect(scaling).toMatchObject({ path: '/metrics/queue', valueLocation: 'jobs', target: 4, min: 0, max: 8 });
    expect(scaling).toMatchObject({ pollingMs: 5000, cooldownMs: 300_000, up: { workers: 4, periodMs: 15_000 } });
    expect(readScaling(yaml, 10)).toMatchObject({ pollingMs: 500, cooldownMs: 30_000, target: 4 });
    expect(() => readScaling('kind: Deployment')).toThrow('Expected a ScaledObject');
  });

  it('reads the number where the API tells it', async () => {
    const queue = async () => ({ counts: { waiting: 1, prioritized: 2, active: 4 }, models: {}, oldestMs: 0 });
    const { path, handle } = queueMetrics({ queue, read: async () => '' });
    const answer = (await handle({} as never, {} as never)) as Response;
    expect([path, jobsIn(await answer.json(), scaling.valueLocation)]).toEqual([scaling.path, 7]);
  });

  it('has no worker while there is no job, and one at the first', () => {
    const day = new Day();
    expect(day.during(0, 3600)).toEqual([0]);
    expect(day.during(1, 60)).toEqual([1]);
  });

  it('has a worker for as many jobs as one takes, at most so many more at a time and at most the maximum', () => {
    const day = new Day();
    expect(day.during(10, 60)).toEqual([1, 3]);
    expect(day.during(1000, 60)).toEqual([7, 8]);
  });

  it('keeps its workers through a lull, and lets them go by twos after it', () => {
    const day = new Day();
    day.during(32, 60);
    expect(day.during(4, 60)).toEqual([8]);
    expect(day.during(32, 60)).toEqual([8]);
    expect(day.during(4, 600)).toEqual([8, 6, 4, 2, 1]);
  });

  it('lets the last worker go when there was no job for as long as the cool-down, and not before', () => {
    const day = new Day();
    day.during(4, 60);
    expect(day.during(0, 290)).toEqual([1]);
    expect(day.during(2, 10)).toEqual([1]);
    expect(day.during(0, 290)).toEqual([1]);
    expect(day.during(0, 20)).toEqual([1, 0]);
  });

  it('changes nothing for less than a tenth more or less', () => {
    const day = new Day();
    day.during(20, 60);
    expect(day.workers).toBe(5);
    expect([day.during(21, 60), day.during(19, 600)]).toEqual([[5], [5]]);
  });

  /** The numbers of workers after each answer of the queue; null is none. */
  async function workersAfter(answers: readonly ({ jobs: number } | null)[]): Promise<number[]> {
    const stopping = new AbortController();
    const seen: number[] = [];
    let [workers, look] = [0, 0];
    const fleet = {
      workers: () => workers,
      scale: (to: number) => {
        workers = to;
      },
      async queue() {
        if (look > 0) seen.push(workers);
        if (look === answers.length) stopping.abort();
        const answer = answers[look++] ?? null;
        if (answer === null) throw new Error('no answer');
        return answer;
      },
    };
    await control({ ...scaling, pollingMs: 1 }, fleet, stopping.signal);
    return seen;
  }

  it('keeps its workers while the queue cannot be asked, and has one where that goes on', async () => {
    expect(await workersAfter([{ jobs: 9 }, null, { jobs: 9 }, null, null, null, null])).toEqual([1, 1, 3, 3, 3, 3, 3]);
    expect(await workersAfter([null, null, { jobs: 0 }, null, null, null])).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it('says what it expected where the queue tells no number', () => {
    expect(jobsIn({ queue: { jobs: 3 } }, 'queue.jobs')).toBe(3);
    expect(() => jobsIn({ jobs: 'three' }, 'jobs')).toThrow('Expected a number at "jobs"');
  });
});
