import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentHash } from '../../src/checkpoint/index.js';
import { openTokenizer } from '../../src/engine/models/tokenizer.js';
import { createEngine, type HostedEngine } from '../../src/engine/process/host.js';
import { tinyTurbo } from '../engine/checkpoints.js';
import { job } from '../engine/engines.js';
import type { CallersUseCases } from './as-caller.js';
import { ended, eventsOf, newFolder, openStudio, stays, untilDone } from './open-studio.js';

const model = tinyTurbo();
const { width, height, sampling } = job;
const { steps } = sampling;
const { seed } = job.items[0]!;
const prompt = job.items[0]!.prompt.text;
const house = { prompt, width, height, steps };
/** Long enough that something can happen meanwhile. */
const long = { prompt, width: 256, height: 256, steps: 100 };
const dataDir = newFolder();

let engine: HostedEngine;
let service: CallersUseCases;

function open(): Promise<CallersUseCases> {
  const tokenizer = openTokenizer(model.components.tokenizer, model.limits.maxPromptTokens);
  const { transformer, textEncoder, tokenizer: vocabulary, vae, scheduler } = model.components;
  return openStudio({
    engines: [engine],
    catalog: [model],
    dataDir,
    countTokens: (_, text) => tokenizer.encodePrompt(text),
    modelContent: () => contentHash([transformer, textEncoder, vocabulary, vae, scheduler]),
  });
}

beforeAll(async () => {
  engine = createEngine({
    catalog: [model],
    device: 'cpu',
    memoryBudgetBytes: 2 ** 30,
    promptCacheBytes: 2 ** 24,
    maxBatch: null,
    threads: 1,
    watchdogMs: 20_000,
    log: { info() {}, warn() {} },
  });
  service = await open();
});
afterAll(async () => {
  await service.close(0);
  await engine.close();
});

describe('with the real engine', () => {
  it("a generation's image is what the engine draws, to the last bit", async () => {
    const { images } = await engine.run(job, {
      signal: new AbortController().signal,
      deadlineMs: 60_000,
      onEvent() {},
    });
    const made = await service.generate({ ...house, seed }, untilDone);
    expect(made).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS', step: steps, totalSteps: steps });
    expect(made.promptTokens).toBeGreaterThan(0);
    const variant = await service.variant(made.imageIds[0]!, { format: 'PNG' });
    if (variant.outcome !== 'found') throw new Error(variant.outcome);
    expect(await sharp(variant.body).raw().toBuffer()).toEqual(Buffer.from(images[0]!.data));
  });

  it('progress tells every stage and step, some with previews', async () => {
    const { id } = await service.generate({ ...house, seed: 1 }, stays());
    const events = await eventsOf(service, id);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
    expect(events[0]!.type).toBe('GenerationQueued');
    const stages = events.flatMap((event) => (event.type === 'StageFinished' ? [event.stage] : []));
    expect(stages.slice(-4)).toEqual(['ENCODE_PROMPT', 'DENOISE', 'DECODE', 'ENCODE_OUTPUT']);
    const told = events.flatMap((event) => (event.type === 'StepFinished' ? [event] : []));
    expect(told.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(told.some(({ preview }) => preview?.startsWith('data:image/webp;base64,'))).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'GenerationFinished', generation: { status: 'SUCCEEDED', step: 4 } });
  });

  it('50 identical requests at once cost one job', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => service.generate({ ...house, seed: 2 }, untilDone)));
    expect(all.filter(({ cache }) => cache === 'MISS')).toHaveLength(1);
    expect(new Set(all.flatMap(({ imageIds }) => imageIds)).size).toBe(1);
  });

  it('one that is cancelled stops within a step', async () => {
    const { id } = await service.generate({ ...long, seed: 3 }, stays());
    for await (const event of service.progress(id, 0, new AbortController().signal))
      if (event.type === 'StepFinished' && event.step === 2) await service.cancel(id);
    expect(await service.generation(id)).toMatchObject({ status: 'CANCELLED' });
    const next = await service.generate({ ...house, seed: 4 }, untilDone);
    expect(next).toMatchObject({ status: 'SUCCEEDED' });
    expect((await service.generation(id))!.step).toBeLessThan(10);
  });

  it('one whose engine dies fails as EngineLost, and the one behind it is made', async () => {
    const lost = await service.generate({ ...long, seed: 5 }, stays());
    const behind = service.generate({ ...house, seed: 6 }, untilDone);
    for await (const event of service.progress(lost.id, 0, new AbortController().signal))
      if (event.type === 'StepFinished' && event.step === 2) process.kill(engine.pid!, 'SIGKILL');
    expect(await ended(service, lost)).toMatchObject({
      status: 'FAILED',
      problem: { code: 'EngineLost', retryable: true },
    });
    expect(await behind).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('after a restart a repeat has the same address, and made anew it would have, too', async () => {
    const before = await service.generate({ ...house, seed: 2 }, untilDone);
    await service.close(0);
    service = await open();
    const repeat = await service.generate({ ...house, seed: 2 }, untilDone);
    expect(repeat).toMatchObject({ cache: 'HIT', imageIds: before.imageIds });
    const anew = await service.generate({ ...house, seed: 2, cache: 'REFRESH' }, untilDone);
    expect(anew).toMatchObject({ cache: 'MISS', imageIds: before.imageIds });
  });
});
