import { describe, expect, it } from 'vitest';
import type { Sampling } from '../../src/domain/sampling.js';
import type { EngineEvent, Pixels } from '../../src/engine/engine.js';
import { changedTurbo, tinyTurbo } from './checkpoints.js';
import { engineWith, job, longJob, prompt, run, runUntilStep, sampled, withItems } from './engines.js';

describe('a job', () => {
  it('makes the same image again from the same seed, and another from another', async () => {
    const engine = engineWith();
    const first = await run(engine, job);
    expect([first.width, first.height, first.data.length]).toEqual([64, 64, 64 * 64 * 3]);
    expect((await run(engine, job)).data).toEqual(first.data);
    expect((await run(engine, withItems(job, { seed: 8 }))).data).not.toEqual(first.data);
    expect((await run(engine, withItems(job, { prompt: prompt('一只橘色的猫') }))).data).not.toEqual(first.data);
  });

  it('reports its stages with their times, and every step', async () => {
    const engine = engineWith();
    const events: EngineEvent[] = [];
    await run(engine, job, { onEvent: (event) => events.push(event) });
    const said = events.map((event) => ('stage' in event ? `${event.type} ${event.stage}` : `step ${event.step}`));
    expect(said).toEqual([
      ...['stage-started LOAD', 'stage-finished LOAD', 'stage-started ENCODE_PROMPT', 'stage-finished ENCODE_PROMPT'],
      ...['stage-started DENOISE', 'step 1', 'step 2', 'step 3', 'step 4', 'stage-finished DENOISE'],
      ...['stage-started DECODE', 'stage-finished DECODE'],
    ]);
    const sigmas = events.flatMap((event) => (event.type === 'step' ? [event.sigma] : []));
    expect(sigmas).toEqual([...sigmas].sort((a, b) => b - a));
    expect(sigmas.at(-1)).toBe(0);
    const again: EngineEvent[] = [];
    await run(engine, job, { onEvent: (event) => again.push(event) });
    expect(again.some((event) => 'stage' in event && event.stage === 'LOAD')).toBe(false);
  });

  it('shows at least two previews of eight steps, never after the last, and none when nobody looks', async () => {
    const engine = engineWith();
    const shown = async (previews: boolean) => {
      const steps: number[] = [];
      await run(engine, sampled({ ...job, width: 256, height: 160, previews }, { steps: 8 }), {
        onEvent(event) {
          if (event.type !== 'step' || event.preview === null) return;
          const { width, height, data } = event.preview;
          expect([width, height, data.length]).toEqual([128, 80, 128 * 80 * 3]);
          steps.push(event.step);
        },
      });
      return steps;
    };
    const steps = await shown(true);
    expect(steps.length).toBeGreaterThanOrEqual(2);
    expect(steps).not.toContain(8);
    expect(await shown(false)).toEqual([]);
  });

  it('with guidance goes from the negative prompt’s prediction past the prompt’s own, as far as it is told to', async () => {
    const engine = engineWith();
    const drawn = (guidance: number, negative = 'blurry') =>
      run(engine, sampled(withItems(job, { prompt: prompt('a red house', negative) }), { steps: 1, guidance }));
    const [plain, towards, guided] = [await drawn(0), await drawn(1.5), await drawn(3)];
    expect(distance(towards, plain)).toBeGreaterThan(0.1);
    expect(distance(guided, plain)).toBeGreaterThan(1.2 * distance(towards, plain));
    expect(distance(await drawn(3, 'a blue boat'), guided)).toBeGreaterThan(0.1);
    // From itself there is nowhere to go.
    expect(distance(await drawn(3, job.items[0]!.prompt.text), plain)).toBeLessThan(0.01);
  });

  it('is guided until the truncation, and no further than the normalization lets it', async () => {
    const engine = engineWith();
    const blurry = withItems(job, { prompt: prompt('a red house', 'blurry') });
    const drawn = (changes: Partial<Sampling>) => run(engine, sampled(blurry, { guidance: 3, ...changes }));
    const [plain, guided] = [await drawn({ guidance: 0 }), await drawn({})];
    const [first, some] = [await drawn({ guidanceTruncation: 0 }), await drawn({ guidanceTruncation: 0.3 })];
    // The first step alone, at the model's time 0; then some; then all.
    expect(distance(first, plain)).toBeGreaterThan(0);
    expect(distance(some, first)).toBeGreaterThan(0);
    expect(distance(some, guided)).toBeGreaterThan(0);
    expect(distance(await drawn({ guidanceTruncation: 1 }), guided)).toBe(0);
    // A limit that no prediction reaches, and one that brings each back to the unguided one's length.
    expect(distance(await drawn({ guidanceNormalization: 10 }), guided)).toBe(0);
    expect(distance(await drawn({ guidanceNormalization: 1 }), guided)).toBeGreaterThan(0);
  });

  it('stops within one step when it is aborted, and the engine takes the next', async () => {
    const engine = engineWith();
    await engine.load('tiny-turbo');
    const abort = new AbortController();
    const steps: number[] = [];
    const reason = new Error('nobody waits any more');
    let abortedAt = 0;
    const running = runUntilStep(
      engine,
      longJob,
      () => {
        abortedAt = performance.now();
        abort.abort(reason);
      },
      { signal: abort.signal, onEvent: (event) => event.type === 'step' && steps.push(event.durationMs) },
    );
    await expect(running).rejects.toBe(reason);
    await run(engine, job);
    // A hundred steps would have had to pass otherwise.
    expect(performance.now() - abortedAt).toBeLessThan(20 * steps[0]! + 2000);
    expect(steps).toHaveLength(1);
  });

  it('stops while its model is loaded', async () => {
    const engine = engineWith();
    const abort = new AbortController();
    const running = run(engine, job, {
      signal: abort.signal,
      onEvent: (event) => event.type === 'stage-started' && abort.abort(new Error('never mind')),
    });
    await expect(running).rejects.toThrow('never mind');
    await run(engine, job);
    expect(engine.loaded()).toEqual(['tiny-turbo']);
  });

  it('is refused when it was aborted before it began', async () => {
    const engine = engineWith();
    await expect(run(engine, job, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
  });

  it('waits for the one before it', async () => {
    const engine = engineWith();
    const both = await Promise.all([run(engine, job), run(engine, job)]);
    expect(both[0].data).toEqual(both[1].data);
  });

  it('fails with DeadlineExceeded when it takes too long, and the engine takes the next', async () => {
    const engine = engineWith();
    await engine.load('tiny-turbo');
    const failure = { code: 'DeadlineExceeded', retryable: true };
    await expect(run(engine, longJob, { deadlineMs: 100 })).rejects.toMatchObject(failure);
    await run(engine, job);
  });

  it.each([
    ['the text encoder', 'text_encoder', 'model.layers.0.input_layernorm.weight', 0],
    ['the transformer', 'transformer', 'all_final_layer.2-1.linear.bias', 1],
    ['the decoder', 'vae', 'decoder.conv_out.bias', 5],
  ] as const)('fails with NonFinite and the step when %s gives no number', async (_who, component, tensor, step) => {
    const entry = changedTurbo(component, (weights) => weights.poison(tensor, Number.POSITIVE_INFINITY));
    const engine = engineWith({ catalog: [entry] });
    const failure = { code: 'NonFinite', step, retryable: false };
    await expect(run(engine, { ...job, model: entry.id })).rejects.toMatchObject(failure);
  });
});

describe('models', () => {
  it('name the tensor that their checkpoint lacks', async () => {
    const missing = 'layers.1.attention.to_q.weight';
    const entry = changedTurbo('transformer', (weights) => weights.remove(missing));
    const engine = engineWith({ catalog: [entry, tinyTurbo()] });
    await expect(engine.load(entry.id)).rejects.toThrow(missing);
    await run(engine, job);
    expect(engine.loaded()).toEqual(['tiny-turbo']);
  });

  it('that nobody knows are refused by name', async () => {
    const engine = engineWith();
    await expect(run(engine, { ...job, model: 'nothing' })).rejects.toThrow('nothing');
  });
});

/** Levels that two images differ by, on average. */
function distance(a: Pixels, b: Pixels): number {
  return a.data.reduce((sum, level, i) => sum + Math.abs(level - b.data[i]!), 0) / a.data.length;
}
