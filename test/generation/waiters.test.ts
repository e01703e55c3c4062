import { describe, expect, it } from 'vitest';
import { NotFound } from '../../src/domain/problems.js';
import { EngineLost, NonFinite } from '../../src/engine/problems.js';
import { door, ScriptedEngine, seedOf } from './engines.js';
import { ended, eventsOf, stays, studioFor, untilDone } from './fixture.js';

const cat = { prompt: 'a cat', seed: 7 };

async function atTheDoor() {
  const { open, through, reached } = door();
  const engine = new ScriptedEngine({ beforeStep: through });
  return { open, reached, engine, service: await studioFor({ engines: [engine] }) };
}

describe('one that leaves', () => {
  it('by cancelling never harms another', async () => {
    const { open, engine, service } = await atTheDoor();
    const first = await service.generate(cat, stays());
    const second = await service.generate(cat, stays());
    expect(await service.cancel(first.id)).toMatchObject({ status: 'CANCELLED', imageIds: [], problem: null });
    open();
    expect(await ended(service, second)).toMatchObject({ status: 'SUCCEEDED', cache: 'SHARED' });
    expect(await service.generation(first.id)).toMatchObject({ status: 'CANCELLED' });
    expect(engine.aborted).toHaveLength(0);
  });

  it('last stops the work, and the next one starts afresh', async () => {
    const { open, engine, service } = await atTheDoor();
    const both = [await service.generate(cat, stays()), await service.generate(cat, stays())];
    for (const { id } of both) await service.cancel(id);
    const next = service.generate(cat, untilDone);
    open();
    expect(await next).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS' });
    expect(engine.aborted).toHaveLength(1);
    expect(engine.jobs).toHaveLength(2);
  });

  it('before it was told its id leaves its flight; afterwards its connection does not matter', async () => {
    const { open, reached, engine, service } = await atTheDoor();
    const waiting = new AbortController();
    const answered = new AbortController();
    const lost = service.generate(cat, { waitMs: 60_000, signal: waiting.signal });
    const kept = await service.generate({ ...cat, seed: 8 }, { waitMs: 0, signal: answered.signal });
    await reached;
    answered.abort();
    waiting.abort(new Error('gone'));
    await expect(lost).rejects.toThrow('gone');
    open();
    expect(await ended(service, kept)).toMatchObject({ status: 'SUCCEEDED' });
    expect(engine.aborted.map(seedOf)).toEqual([7]);
  });

  it('while it waits in the queue leaves it at once', async () => {
    const { open, engine, service } = await atTheDoor();
    const running = await service.generate(cat, stays());
    const queued = await service.generate({ ...cat, seed: 8 }, stays());
    expect(queued).toMatchObject({ status: 'QUEUED', queuePosition: 0 });
    expect(await service.cancel(queued.id)).toMatchObject({ status: 'CANCELLED', queuePosition: null });
    open();
    await ended(service, running);
    expect(engine.jobs).toHaveLength(1);
  });

  it('after it has finished is told how it ended', async () => {
    const service = await studioFor();
    const done = await service.generate(cat, untilDone);
    expect(await service.cancel(done.id)).toEqual(done);
    await expect(service.cancel('nobody')).rejects.toBeInstanceOf(NotFound);
    await expect(eventsOf(service, 'nobody')).rejects.toBeInstanceOf(NotFound);
    expect(await service.generation('nobody')).toBeNull();
  });

  it('as a reader of progress stops nothing', async () => {
    const { open, service } = await atTheDoor();
    const { id } = await service.generate(cat, stays());
    const reading = new AbortController();
    const events = [];
    for await (const event of service.progress(id, 0, reading.signal)) {
      events.push(event);
      reading.abort();
    }
    open();
    expect(await ended(service, { id })).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('one that joins', () => {
  it('hears everything that the flight has told so far', async () => {
    const { open, through, reached } = door();
    const beforeStep = (step: number) => (step === 3 ? through() : undefined);
    const service = await studioFor({ engines: [new ScriptedEngine({ beforeStep })] });
    const first = await service.generate(cat, stays());
    await reached;
    const second = await service.generate(cat, stays());
    expect(second).toMatchObject({ cache: 'SHARED', status: 'RUNNING', step: 2 });
    open();
    const [told, retold] = await Promise.all([eventsOf(service, first.id), eventsOf(service, second.id)]);
    const names = (events: typeof told) => events.map(({ type }) => type);
    expect(names(retold)).toEqual(names(told));
    expect(retold.map(({ at }) => at)).toEqual(retold.map(({ at }) => at).sort((a, b) => a - b));
  });
});

describe('a failure', () => {
  it('of the engine is told as data, not remembered, and costs those in the queue nothing', async () => {
    const engine = new ScriptedEngine({
      beforeStep(_step, job) {
        if (seedOf(job) === 7 && engine.jobs.length <= 3) throw new EngineLost('The engine ended.');
      },
    });
    const service = await studioFor({ engines: [engine] });
    const lost = service.generate(cat, untilDone);
    const queued = service.generate({ ...cat, seed: 8 }, untilDone);
    expect(await lost).toMatchObject({
      status: 'FAILED',
      problem: { code: 'EngineLost', message: 'The engine ended.', retryable: true },
    });
    expect(await queued).toMatchObject({ status: 'SUCCEEDED' });
    expect(await service.generate(cat, untilDone)).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS' });
  });

  it('of an engine that died is tried again, and nobody hears of it but in time', async () => {
    const engine = new ScriptedEngine({
      beforeStep(step) {
        if (engine.jobs.length < 3 && step === 2) throw new EngineLost('The engine ended.');
      },
    });
    const service = await studioFor({ engines: [engine] });
    expect(await service.generate(cat, untilDone)).toMatchObject({ status: 'SUCCEEDED', step: 4, totalSteps: 4 });
    expect(engine.jobs).toHaveLength(3);
  });

  it('of the numbers says at which step', async () => {
    const beforeStep = () => {
      throw new NonFinite('Not a number.', 2);
    };
    const service = await studioFor({ engines: [new ScriptedEngine({ beforeStep })] });
    const { problem } = await service.generate(cat, untilDone);
    expect(problem).toEqual({ code: 'NonFinite', message: 'Not a number.', retryable: false, step: 2 });
  });

  it('that nobody expected tells clients nothing but that', async () => {
    const beforeStep = () => {
      throw new Error('secret at /home/somebody');
    };
    const service = await studioFor({ engines: [new ScriptedEngine({ beforeStep })] });
    const { problem } = await service.generate(cat, untilDone);
    expect(problem).toMatchObject({ code: 'Failed', retryable: false });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });
});
