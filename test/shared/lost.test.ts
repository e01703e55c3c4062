import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { SEQUENCES_PER_OWNER } from '../../src/domain/plan.js';
import type { ProgressEvent } from '../../src/generation/types.js';
import { RedisLink } from '../../src/stores/redis/redis.js';
import type { CallersUseCases } from '../generation/as-caller.js';
import { door, ScriptedEngine, seedsOf } from '../generation/engines.js';
import { ended, stays } from '../generation/open-studio.js';
import { type Process, useFleet } from './fleet.js';

const fleet = useFleet();
const cat = { prompt: 'a cat', seed: 7 };
const soon = (assertion: () => void | Promise<void>) => vi.waitFor(assertion, { timeout: 30_000, interval: 20 });

/** Reads in the background, as a client that keeps what it was told. */
function follow(api: CallersUseCases, id: string, after = 0) {
  const told: ProgressEvent[] = [];
  const done = (async () => {
    for await (const event of api.progress(id, after, new AbortController().signal))
      if (event.type !== 'Heartbeat') told.push(event);
  })();
  return { told, done };
}

/** Each number once, upwards, to the end. */
function expectWhole(told: readonly ProgressEvent[], status = 'SUCCEEDED') {
  const numbers = told.map(({ sequence }) => sequence);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(told.at(-1)).toMatchObject({ type: 'GenerationFinished', generation: { status } });
}

const begun = async (process: Process, words: object) => (await process.ask(words)).id as string;

/** Those that take longest: `FAULTS=long npm test -- test/shared`. */
const inLongForm = it.skipIf(process.env.FAULTS !== 'long');

describe('an API process', () => {
  it('that is killed loses no generation: another tells the rest, and no job is made twice', async () => {
    const { open, through, reached } = door();
    const engine = new ScriptedEngine({ beforeStep: (step) => (step === 3 ? through() : undefined) });
    await fleet.worker(engine);
    const [other] = await fleet.apis(1);
    const owner = await fleet.process('api');
    const id = await begun(owner, { seed: 7 });
    const { told, done } = follow(other!, id);
    await reached;
    await soon(() => expect(told.at(-1)).toMatchObject({ type: 'StepFinished', step: 2 }));
    const seen = told.at(-1)!.sequence;
    owner.signal('SIGKILL');
    await soon(() => expect(told.at(-1)!.sequence).toBeGreaterThan(1_000_000));
    open();
    await done;
    expectWhole(told);
    const again = follow(other!, id, seen);
    await again.done;
    const rest = told.filter(({ sequence }) => sequence > seen);
    expect(again.told.map(({ sequence, type }) => [sequence, type])).toEqual(
      rest.map(({ sequence, type }) => [sequence, type]),
    );
    expect(engine.jobs).toHaveLength(1);
  });

  inLongForm('that ends in order hands its generations over at once, which counts as no loss', async () => {
    const { open, through, reached } = door();
    const engine = new ScriptedEngine({ beforeStep: through });
    await fleet.worker(engine);
    const first = await fleet.process('api');
    const id = await begun(first, { seed: 7 });
    await reached;
    let owner = first;
    for (let restart = 0; restart < 3; restart++) {
      const next = await fleet.process('api');
      void owner.ask({ close: 0 }).catch(() => {});
      await owner.exited;
      owner = next;
    }
    const [last] = await fleet.apis(1);
    const { told, done } = follow(last!, id);
    open();
    await done;
    expectWhole(told);
    expect(engine.jobs).toHaveLength(1);
  });

  inLongForm('that was stopped for longer than its lease writes nothing after it', async () => {
    const { open, through, reached } = door();
    await fleet.worker(new ScriptedEngine({ beforeStep: (step) => (step === 2 ? through() : undefined) }));
    const [other] = await fleet.apis(1);
    const owner = await fleet.process('api');
    const id = await begun(owner, { seed: 7 });
    const { told, done } = follow(other!, id);
    await reached;
    owner.signal('SIGSTOP');
    await soon(() => expect(told.at(-1)!.sequence).toBeGreaterThan(1_000_000));
    owner.signal('SIGCONT');
    await sleep(500);
    open();
    await done;
    expectWhole(told);
    expect(told.filter(({ type }) => type === 'GenerationFinished')).toHaveLength(1);
    expect(await other!.generation(id)).toEqual(told.at(-1)!.generation);
  });

  inLongForm('whose clients alone waited for a job is waited for no more when it is gone', async () => {
    const engine = new ScriptedEngine({ beforeStep: () => sleep(50) });
    await fleet.worker(engine);
    const owner = await fleet.process('api');
    const id = await begun(owner, { seed: 7, steps: 100 });
    await soon(() => expect(engine.jobs).toHaveLength(1));
    owner.signal('SIGKILL');
    const [other] = await fleet.apis(1);
    expect((await other!.cancel(id)).status).toBe('CANCELLED');
    await soon(() => expect(engine.aborted).toHaveLength(1));
  });

  inLongForm('gives up what three processes could not end', async () => {
    const redis = new RedisLink(fleet.env.QUEUE_URL!, { report: { warn() {}, info() {} } });
    // Only a look at the log: an API process would take the generation over itself.
    const takeovers = async () => {
      const last = await redis.commands.hget(redis.key('log', `record:${id}`), 'last');
      return Math.floor(Number(last) / SEQUENCES_PER_OWNER);
    };
    let owner = await fleet.process('api');
    const id = await begun(owner, { seed: 7 });
    for (let loss = 0; loss < 2; loss++) {
      const next = await fleet.process('api');
      owner.signal('SIGKILL');
      await owner.exited;
      await soon(async () => expect(await takeovers()).toBe(loss + 1));
      owner = next;
    }
    const [last] = await fleet.apis(1);
    owner.signal('SIGKILL');
    await soon(async () =>
      expect(await last!.generation(id)).toMatchObject({ status: 'FAILED', problem: { code: 'Interrupted' } }),
    );
    const { told, done } = follow(last!, id);
    await done;
    expectWhole(told, 'FAILED');
    redis.close();
  });
});

describe('a worker', () => {
  it('that is killed loses no job: another makes it, and the subscriber hears on', async () => {
    const [api] = await fleet.apis(1);
    const lost = await fleet.process('work');
    const { id } = await api!.generate({ ...cat, steps: 40 }, stays());
    const { told, done } = follow(api!, id);
    await soon(() => expect(told.at(-1)).toMatchObject({ type: 'StepFinished' }));
    const engine = new ScriptedEngine();
    await fleet.worker(engine);
    lost.signal('SIGKILL');
    await done;
    expectWhole(told);
    expect(engine.jobs.flatMap(seedsOf)).toEqual([7]);
  });

  it('that was stopped for longer than its lock stops when it wakes, and its job is stored once', async () => {
    const [api] = await fleet.apis(1);
    const stopped = await fleet.process('work');
    const { id } = await api!.generate({ ...cat, steps: 60 }, stays());
    const { told, done } = follow(api!, id);
    await soon(() => expect(told.at(-1)).toMatchObject({ type: 'StepFinished' }));
    stopped.signal('SIGSTOP');
    const { open, through, reached } = door();
    const engine = new ScriptedEngine({ beforeStep: (step) => (step === 5 ? through() : undefined) });
    await fleet.worker(engine);
    await reached;
    stopped.signal('SIGCONT');
    await soon(async () => expect((await stopped.ask({})).aborted).toEqual([7]));
    open();
    await done;
    expectWhole(told);
  });

  it('that ends in order gives its job back', async () => {
    const [api] = await fleet.apis(1);
    const { through, reached } = door();
    const leaving = await fleet.worker(new ScriptedEngine({ beforeStep: through }));
    const { id } = await api!.generate(cat, stays());
    await reached;
    const engine = new ScriptedEngine();
    await fleet.worker(engine);
    await leaving.close(0);
    expect((await ended(api!, { id })).status).toBe('SUCCEEDED');
    expect(engine.jobs.flatMap(seedsOf)).toEqual([7]);
  });

  inLongForm('loses a job that has ended two of them, as EngineLost', async () => {
    const [api] = await fleet.apis(1);
    const { id } = await api!.generate({ ...cat, steps: 100 }, stays());
    const { told, done } = follow(api!, id);
    for (let loss = 0; loss < 2; loss++) {
      const worker = await fleet.process('work');
      await soon(async () => expect((await worker.ask({})).seeds).toEqual([7]));
      worker.signal('SIGKILL');
    }
    const engine = new ScriptedEngine();
    await fleet.worker(engine);
    await done;
    expectWhole(told, 'FAILED');
    expect(told.at(-1)!.generation.problem).toMatchObject({ code: 'EngineLost', retryable: true });
    expect(engine.jobs).toEqual([]);
  });
});

describe('Redis', () => {
  it('that is killed in mid-job and comes back loses nothing', async () => {
    const [one, two] = await fleet.apis(2);
    const engine = new ScriptedEngine({ beforeStep: () => sleep(20) });
    await fleet.worker(engine);
    const { id } = await one!.generate({ ...cat, steps: 60 }, stays());
    const { told, done } = follow(two!, id);
    await soon(() => expect(told.at(-1)).toMatchObject({ type: 'StepFinished' }));
    fleet.redis.signal('SIGKILL');
    await sleep(300);
    const refusal = await two!.generate({ ...cat, seed: 8 }, stays()).catch((error) => error);
    expect(refusal).toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true });
    await fleet.redis.start();
    await done;
    expectWhole(told);
    expect((await ended(one!, await two!.generate({ ...cat, seed: 8 }, stays()))).status).toBe('SUCCEEDED');
  });
});
