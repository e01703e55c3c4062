import { readRows } from './judge.js';
import {
  type Bench,
  drawing,
  eachRow,
  generates,
  generation,
  type Measured,
  type Miss,
  missesOf,
  seedOf,
} from './measuring.js';
import { Sheet } from './sheet.js';
import { Table } from './table.js';
import { measures, signMeasures, type Truth, verdict } from './verdict.js';

/** The held-out prompts, by language. */
export async function judgePrompts(bench: Bench): Promise<Measured> {
  return judgeWords(bench, 'held-out prompts', readRows<Truth>('prompts'), measures, ({ language }) => [language]);
}

/** Prompts written by hand, as people would write them, by language. */
export async function judgeNatural(bench: Bench): Promise<Measured> {
  return judgeWords(bench, 'natural prompts', readRows<Truth>('natural'), measures, ({ language }) => [language]);
}

/** Held-out prompts that ask for lettering, by language and by length. */
export async function judgeSigns(bench: Bench): Promise<Measured> {
  return judgeWords(bench, 'signs', readRows<Truth>('signs'), signMeasures, ({ language, text = '' }) => [
    `${language} prompts`,
    `${/[A-Z]/.test(text) ? 'Latin' : 'Chinese'}, ${text.length}`,
  ]);
}

async function judgeWords(
  bench: Bench,
  title: string,
  rows: readonly Truth[],
  columns: readonly string[],
  groups: (truth: Truth) => readonly string[],
): Promise<Measured> {
  const { settings, judge } = bench;
  const model = bench.model('generates', generates);
  const table = new Table(columns);
  const sheet = new Sheet(Math.ceil(rows.length / settings.every), 24);
  // Groups are named before they are filled, so that they stand in order.
  for (const group of [...new Set(rows.flatMap(groups))].sort(byScript)) table.add([group], {});
  const misses: Miss[] = [];
  const drawn = await eachRow(rows, settings, async (truth, i) => {
    const image = await bench.make(generation(model, settings, truth.prompt, seedOf(i)));
    const seen = await judge.look(image);
    const result = verdict(truth, seen, judge.file.thirds);
    misses.push(...missesOf(truth.id, truth.prompt, result, seen));
    table.add([...groups(truth), 'all'], result);
    sheet.add(i / settings.every, image);
  });
  const { steps, guidance } = drawing(model, settings).sampling;
  return { title, model: model.id, steps, guidance, rows: drawn, tables: { '': table }, sheet, broken: [], misses };
}

const order = ['zh', 'en', 'mixed', 'zh prompts', 'en prompts'];

/** Languages first, then lengths. */
function byScript(a: string, b: string): number {
  const rank = (group: string) => order.indexOf(group) + 1 || order.length + 1;
  return rank(a) - rank(b) || a.localeCompare(b);
}
