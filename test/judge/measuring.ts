import { readModels } from '../../src/catalog/entry-from-checkpoint.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import { unguided } from '../../src/domain/sampling.js';
import { engineSection } from '../../src/engine/config.js';
import type { AppliedLora, EngineJob, GenerateJob, Pixels } from '../../src/engine/engine.js';
import { engineFor } from '../../src/engine/process/host.js';
import type { Judge } from './judge.js';
import type { Sheet } from './sheet.js';
import type { Table } from './table.js';
import type { Verdict } from './verdict.js';

/** What the command line asks for, whatever is measured. */
export interface Settings {
  /** Catalog id; left out, the first model of the catalog that can. */
  readonly model: string | undefined;
  /** Left out, the model's own. */
  readonly steps: number | undefined;
  readonly guidance: number | undefined;
  readonly width: number;
  readonly height: number;
  /** Only every n-th row. */
  readonly every: number;
  /** Rows at a time, each by an engine of its own. */
  readonly engines: number;
}

/** An engine and a judge to measure with. */
export interface Bench {
  readonly settings: Settings;
  readonly judge: Judge;
  /** @throws an Error, in a sentence, when the model asked for cannot or there is none that can */
  model(can: string, able: (model: ModelEntry) => boolean): ModelEntry;
  make(job: EngineJob): Promise<Pixels>;
}

export interface Measured {
  /** What was measured, in words. */
  readonly title: string;
  readonly model: string;
  readonly steps: number;
  readonly guidance: number;
  readonly rows: number;
  readonly tables: Readonly<Record<string, Table>>;
  readonly sheet: Sheet;
  /** Rows in which a byte changed that must not. */
  readonly broken: readonly string[];
  /** What was not right, row by row. */
  readonly misses?: readonly Miss[];
}

export interface Miss {
  readonly id: string;
  readonly words: string;
  readonly wrong: readonly string[];
  readonly seen: unknown;
}

/** The miss of a row, or none if all that was asked is right. */
export function missesOf(id: string, words: string, verdict: Verdict, seen: unknown): Miss[] {
  const wrong = Object.keys(verdict).filter((measure) => verdict[measure] === false);
  return wrong.length === 0 ? [] : [{ id, words, wrong, seen }];
}

/** The noise of row i, the same in every run. */
export const seedOf = (i: number) => 1000 + i;

export async function withBench<Result>(
  settings: Settings,
  judge: Judge,
  measure: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const environment = engineSection.schema.parse(process.env);
  const catalog = readModels(environment);
  const log = { info() {}, warn: console.error };
  const engines = Array.from({ length: settings.engines }, () =>
    engineFor({ ...environment, FACE_DETECTOR: undefined }, catalog, log),
  );
  const idle = [...engines];
  const signal = new AbortController().signal;
  try {
    return await measure({
      settings,
      judge,
      model: (can, able) => chosen(catalog, settings.model, can, able),
      async make(job) {
        const options = { signal, deadlineMs: environment.JOB_DEADLINE_MS, onEvent() {} };
        const engine = idle.shift()!; // `eachRow` has no more rows at a time than there are engines
        try {
          return (await engine.run(job, options)).images[0]!;
        } finally {
          idle.push(engine);
        }
      },
    });
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

function chosen(
  catalog: readonly ModelEntry[],
  id: string | undefined,
  can: string,
  able: (model: ModelEntry) => boolean,
): ModelEntry {
  const among = catalog.filter(able);
  const model = id === undefined ? among[0] : among.find((entry) => entry.id === id);
  if (model !== undefined) return model;
  if (among.length === 0) throw new Error(`Expected a model that ${can} in the catalog but there is none.`);
  throw new Error(`Expected a model that ${can}, ${among.map((entry) => entry.id).join(' or ')}, but received ${id}.`);
}

/** What every job of a measurement has. */
export function drawing(model: ModelEntry, { steps, guidance }: Settings, defaultSteps = model.defaults.steps) {
  return {
    model: model.id,
    sampling: {
      ...unguided,
      steps: steps ?? defaultSteps,
      guidance: guidance ?? model.defaults.guidance,
      loras: [] as readonly AppliedLora[],
    },
    previews: false,
  };
}

export function generation(model: ModelEntry, settings: Settings, prompt: string, seed: number): GenerateJob {
  const { width, height } = settings;
  return {
    ...drawing(model, settings),
    operation: 'GENERATE',
    width,
    height,
    items: [{ prompt: { text: prompt, negative: '' }, seed }],
  };
}

export const generates = ({ operations }: ModelEntry) => operations.includes('GENERATE');

/** Every n-th row with its number, which it has whatever n is, several at a time; says how far it is. */
export async function eachRow<Row>(
  rows: readonly Row[],
  { every, engines }: Settings,
  visit: (row: Row, i: number) => Promise<void>,
) {
  const started = Date.now();
  const chosen = [...rows.entries()].filter(([i]) => i % every === 0);
  const queue = chosen.values();
  let done = 0;
  const lane = async () => {
    for (const [i, row] of queue) {
      await visit(row, i);
      if (++done % 25 === 0)
        console.error(`${done} of ${chosen.length}, ${((Date.now() - started) / 1000).toFixed(0)} s`);
    }
  };
  await Promise.all(Array.from({ length: engines }, lane));
  return chosen.length;
}
