import { availableParallelism } from 'node:os';
import { readModels } from '../../src/catalog/entry-from-checkpoint.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import { unguided } from '../../src/domain/sampling.js';
import { engineSection } from '../../src/engine/config.js';
import type { GenerateJob } from '../../src/engine/engine.js';
import { createEngine, type EngineOptions } from '../../src/engine/process/host.js';
import { proportionalSetSize, watchMemory } from './memory.js';
import { type Measure, median } from './report.js';

const REPEATS = 3;

/** What the engine alone does with several seeds, a prompt that it knows, and little memory. */
export async function engineMeasures(): Promise<readonly Measure[]> {
  const [model] = readModels(engineSection.schema.parse(process.env));
  if (model === undefined) throw new Error('There is no model to measure.');
  const normal = await withEngine(model, 2 ** 32, async (draw) => {
    const first: number[] = [];
    const second: number[] = [];
    const singles: number[] = [];
    const batches: number[] = [];
    for (let i = 0; i < REPEATS; i++) {
      const prompt = `${i + 2} red houses on a hill, snow background`;
      first.push((await draw(prompt, [1])).encodeMs);
      second.push((await draw(prompt, [2])).encodeMs);
      let ms = 0;
      for (const seed of [3, 4, 5, 6]) ms += (await draw(prompt, [seed])).wallMs;
      singles.push(ms);
      batches.push((await draw(prompt, [3, 4, 5, 6])).wallMs);
    }
    return { first, second, singles, batches };
  });
  const ample = await withEngine(model, 2 ** 32, (draw) =>
    draw('a red house', [1]).then(() => draw('a red house', [2])),
  );
  const short = await withEngine(model, 240_000_000, (draw) =>
    draw('a red house', [1]).then(() => draw('a red house', [2])),
  );
  const { first, second, singles, batches } = normal.result;
  return [
    { name: 'encoding a prompt, first seed', value: median(first), unit: 'ms' },
    { name: 'encoding a prompt, second seed', value: median(second), unit: 'ms' },
    { name: 'four images, one job each', value: median(singles), unit: 'ms' },
    { name: 'four images, one job', value: median(batches), unit: 'ms' },
    { name: 'image with ample memory', value: ample.result.wallMs, unit: 'ms' },
    { name: 'image with ENGINE_MEMORY of 240 MB', value: short.result.wallMs, unit: 'ms' },
    { name: 'engine peak (PSS) with ample memory', value: ample.peak / 1e6, unit: 'MB' },
    { name: 'engine peak (PSS) with ENGINE_MEMORY of 240 MB', value: short.peak / 1e6, unit: 'MB' },
  ];
}

type Draw = (prompt: string, seeds: readonly number[]) => Promise<{ wallMs: number; encodeMs: number }>;

/** Does something with an engine of its own; `peak` is what its process grew to beyond what it began with, in bytes. */
async function withEngine<T>(model: ModelEntry, memoryBudgetBytes: number, work: (draw: Draw) => Promise<T>) {
  const options: EngineOptions = {
    catalog: [model],
    device: 'cpu',
    memoryBudgetBytes,
    promptCacheBytes: 2 ** 26,
    maxBatch: null,
    threads: availableParallelism(),
    watchdogMs: 120_000,
    log: { info() {}, warn() {} },
  };
  const engine = createEngine(options);
  try {
    await engine.ready();
    const pid = engine.pid!;
    const before = proportionalSetSize(pid) ?? 0;
    const memory = watchMemory(pid, 50);
    const result = await work(async (prompt, seeds) => {
      const { width, height, steps, guidance } = model.defaults;
      const job: GenerateJob = {
        ...{
          operation: 'GENERATE',
          model: model.id,
          width,
          height,
          previews: false,
        },
        sampling: { ...unguided, steps, guidance, loras: [] },
        items: seeds.map((seed) => ({ prompt: { text: prompt, negative: '' }, seed })),
      };
      let encodeMs = 0;
      const started = performance.now();
      await engine.run(job, {
        signal: new AbortController().signal,
        deadlineMs: 120_000,
        onEvent(event) {
          if (event.type === 'stage-finished' && event.stage === 'ENCODE_PROMPT') encodeMs = event.durationMs;
        },
      });
      return { wallMs: performance.now() - started, encodeMs };
    });
    return { result, peak: (memory.stop() ?? 0) - before };
  } finally {
    await engine.close();
  }
}
