import { type Described, type EditRow, editVerdict } from './edit-verdict.js';
import { boxMask, drawnRows, readImage, sameOutside } from './images.js';
import { readRows } from './judge.js';
import { type Bench, drawing, eachRow, type Measured, seedOf } from './measuring.js';
import { Sheet } from './sheet.js';
import { Table } from './table.js';
import { named } from './verdict.js';

/** Every n-th of the suitable pairs is a few dozen of them. */
const THINNED = 3;

/**
 * Held-out scenes in which one box is painted anew, so that another object stands there or one is added: whether it is seen, and whether
 * all bytes outside are the source's. The prompt tells the target in English.
 */
export async function judgeInpaint(bench: Bench, folder: string): Promise<Measured> {
  const { settings, judge } = bench;
  const model = bench.model('repaints under a mask', ({ editModes }) => editModes.includes('INPAINT'));
  const suitable = drawnRows(folder, readRows<EditRow>('edits'), 'source').filter(isSuitable);
  const rows = suitable.length > 100 ? suitable.filter((_, i) => i % THINNED === 0) : suitable;
  const table = new Table([
    { title: 'wanted object seen', measure: 'seen' },
    { title: 'it alone, in its place', measure: 'change' },
    { title: 'rest kept', measure: 'rest' },
    { title: 'outside identical', measure: 'identical' },
  ]);
  const sheet = new Sheet(Math.ceil(rows.length / settings.every), 16);
  const broken: string[] = [];
  for (const kind of ['replace', 'add']) table.add([kind], {});

  const made = await eachRow(rows, settings, async (row, i) => {
    const source = await readImage(folder, row.id, 'source');
    const target = await readImage(folder, row.id, 'target');
    const mask = boxMask(row.boxes, source);
    const image = await bench.make({
      ...drawing(model, settings),
      ...{ operation: 'EDIT', mode: 'INPAINT', source, references: [], mask, strength: 1 },
      prompt: { text: caption(row), negative: '' },
      seed: seedOf(i),
    });
    const seen = await judge.look(image);
    const identical = sameOutside(source, image, mask);
    if (!identical) broken.push(row.id);
    const { change, rest } = editVerdict(row, seen, judge.file) as { change: boolean; rest: boolean };
    table.add([row.kind, 'all'], { seen: named(seen, row.after![0]) !== undefined, change, rest, identical });
    sheet.add(i / settings.every, source, image, target);
  });
  const { steps, guidance } = drawing(model, settings).sampling;
  return {
    title: 'boxes repainted',
    model: model.id,
    steps,
    guidance,
    rows: made,
    tables: { '': table },
    sheet,
    broken,
  };
}

/** One object is put into one box, and the target can be told in a sentence. */
function isSuitable(row: EditRow): boolean {
  const wanted = row.kind === 'replace' || row.kind === 'add';
  return wanted && row.style === 'plain' && others(row).length <= 1;
}

const others = ({ objects, changed }: EditRow) => objects.filter((_, i) => i !== changed);

/** `a dog to the left of a cat, beach background`, or `a dog at the top left, beach background`. */
function caption(row: EditRow): string {
  const wanted = row.after!;
  const [other] = others(row);
  const where = other === undefined ? position(wanted) : `${relation(wanted, other)} ${withArticle(other[0])}`;
  return `${withArticle(wanted[0])} ${where}, ${row.background} background`;
}

function position([, x, y]: Described): string {
  const third = (value: number, names: readonly string[]) => names[Math.min(2, Math.floor(value * 3))]!;
  const names = [third(y, ['top', '', 'bottom']), third(x, ['left', '', 'right'])].filter((name) => name !== '');
  return names.length === 0 ? 'in the center' : `at the ${names.join(' ')}`;
}

function relation([, ax, ay]: Described, [, bx, by]: Described): string {
  if (Math.abs(ax - bx) >= Math.abs(ay - by)) return ax < bx ? 'to the left of' : 'to the right of';
  return ay < by ? 'above' : 'below';
}

const withArticle = (noun: string) => `${/^[aeiou](?!ni)/.test(noun) ? 'an' : 'a'} ${noun}`;
