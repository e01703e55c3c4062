import { describe, expect, it } from 'vitest';
import { EngineLost } from '../../src/engine/problems.js';
import { door, ScriptedEngine, seedsOf } from './engines.js';
import { ended, eventsOf, stays, studioFor, untilDone } from './fixture.js';

const cats = { prompt: 'a cat', seed: 7, count: 3 };
const one = (seed: number) => ({ prompt: 'a cat', seed });

async function atTheDoor() {
  const { open, through } = door();
  const engine = new ScriptedEngine({ beforeStep: through });
  return { open, engine, service: await studioFor({ engines: [engine] }) };
}

describe('the images of a request', () => {
  it('are one job, whose stages are told once and whose steps are told for each image', async () => {
    const engine = new ScriptedEngine({ previews: true });
    const service = await studioFor({ engines: [engine] });
    const { id, timings } = await service.generate(cats, untilDone);
    expect(engine.jobs.map(seedsOf)).toEqual([[7, 8, 9]]);
    const events = await eventsOf(service, id);
    const stages = events.flatMap((event) => (event.type === 'StageFinished' ? [event.stage] : []));
    expect(stages).toEqual(['ENCODE_PROMPT', 'DENOISE', 'DECODE', ...Array(3).fill('ENCODE_OUTPUT')]);
    expect(timings.find(({ stage }) => stage === 'DENOISE')!.durationMs).toBe(1);
    const steps = events.flatMap((event) => (event.type === 'StepFinished' ? [event] : []));
    for (const image of [0, 1, 2])
      expect(steps.filter((step) => step.image === image).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(new Set(steps.slice(0, 3).map(({ preview }) => preview)).size).toBe(3);
  });

  it('are what they would be one by one', async () => {
    const service = await studioFor();
    const together = await service.generate(cats, untilDone);
    const alone = await studioFor();
    const imageIds = [];
    for (const seed of [7, 8, 9]) imageIds.push(...(await alone.generate(one(seed), untilDone)).imageIds);
    expect(together.imageIds).toEqual(imageIds);
  });

  it('can be wanted singly: who joins one hears of that one, and keeps the job going', async () => {
    const { open, engine, service } = await atTheDoor();
    const all = await service.generate(cats, stays());
    const middle = await service.generate(one(8), stays());
    expect(middle).toMatchObject({ cache: 'SHARED', totalSteps: 4 });
    await service.cancel(all.id);
    open();
    expect(await ended(service, middle)).toMatchObject({ status: 'SUCCEEDED', step: 4 });
    const steps = (await eventsOf(service, middle.id)).filter(({ type }) => type === 'StepFinished');
    expect(steps).toHaveLength(4);
    expect(engine.aborted).toHaveLength(0);
    expect(engine.jobs).toHaveLength(1);
  });

  it('stop being made when nobody wants any of them', async () => {
    const { open, engine, service } = await atTheDoor();
    const all = await service.generate(cats, stays());
    const last = await service.generate(one(9), stays());
    for (const { id } of [all, last]) await service.cancel(id);
    open();
    expect(await service.generate(one(8), untilDone)).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS' });
    expect(engine.aborted.map(seedsOf)).toEqual([[7, 8, 9]]);
  });

  it('fail together', async () => {
    const { open, through } = door();
    const beforeStep = async () => {
      await through();
      throw new EngineLost('The engine ended.');
    };
    const service = await studioFor({ engines: [new ScriptedEngine({ beforeStep })] });
    const all = await service.generate(cats, stays());
    const last = await service.generate(one(9), stays());
    open();
    for (const generation of [all, last])
      expect(await ended(service, generation)).toMatchObject({ status: 'FAILED', problem: { code: 'EngineLost' } });
  });

  it('may take a job its time for each', async () => {
    const engine = new ScriptedEngine();
    const deadlines: number[] = [];
    const run = engine.run.bind(engine);
    engine.run = (job, options) => {
      deadlines.push(options.deadlineMs);
      return run(job, options);
    };
    const service = await studioFor({ engines: [engine] });
    await service.generate(cats, untilDone);
    await service.generate(one(1), untilDone);
    expect(deadlines).toEqual([180_000, 60_000]);
  });
});
