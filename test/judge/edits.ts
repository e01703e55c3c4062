import { type EditRow, editVerdict, kinds } from './edit-verdict.js';
import { boxMask, drawnRows, psnr, readImage } from './images.js';
import { readRows } from './judge.js';
import { type Bench, drawing, eachRow, type Measured, type Miss, missesOf, seedOf } from './measuring.js';
import { Sheet } from './sheet.js';
import { Table } from './table.js';

const verdicts = [
  { title: 'change made', measure: 'change' },
  { title: 'rest kept', measure: 'rest' },
  'background',
  'style',
] as const;
const outside = [
  { title: 'PSNR outside, median', measure: 'outside', summary: 'median', unit: 'dB' },
  { title: '≥ 27 dB outside', measure: 'outside', summary: { atLeast: 27 } },
] as const;

/**
 * Held-out instructions, by kind and language: whether the change is made and the rest kept, and how near the image stays to its
 * source outside of what changes. The true targets, read by the same judge, say what no model can exceed.
 */
export async function judgeEdits(bench: Bench, folder: string): Promise<Measured> {
  const { settings, judge } = bench;
  const model = bench.model('follows instructions', ({ editModes }) => editModes.includes('INSTRUCTION'));
  const rows = drawnRows(folder, readRows<EditRow>('edits'), 'target');
  const edited = new Table([...verdicts, ...outside]);
  const targets = new Table(verdicts);
  const sheet = new Sheet(Math.ceil(rows.length / settings.every), 16);
  // Groups are named before they are filled, so that they stand in order.
  const order = [...kinds.flatMap((kind) => [kind, `${kind} zh`, `${kind} en`]), 'zh', 'en'];
  for (const table of [edited, targets]) table.add(order, {});

  const misses: Miss[] = [];
  const made = await eachRow(rows, settings, async (row, i) => {
    const [source, target] = await Promise.all([
      readImage(folder, row.id, 'source'),
      readImage(folder, row.id, 'target'),
    ]);
    const image = await bench.make({
      ...drawing(model, settings),
      ...{ operation: 'EDIT', mode: 'INSTRUCTION', source, references: [], mask: null, strength: null },
      prompt: { text: row.instruction, negative: '' },
      seed: seedOf(i),
    });
    const groups = [row.kind, `${row.kind} ${row.language}`, row.language, 'all'];
    const distance = psnr(source, image, boxMask(row.boxes, source), 'outside');
    const seen = await judge.look(image);
    const result = editVerdict(row, seen, judge.file);
    misses.push(...missesOf(row.id, `${row.kind}: ${row.instruction}`, result, seen));
    edited.add(groups, { ...result, ...(distance === null ? {} : { outside: distance }) });
    targets.add(groups, editVerdict(row, await judge.look(target), judge.file));
    sheet.add(i / settings.every, source, image, target);
  });
  const { steps, guidance } = drawing(model, settings).sampling;
  const tables = { edited, 'the true targets': targets };
  return { title: 'held-out edits', model: model.id, steps, guidance, rows: made, tables, sheet, broken: [], misses };
}
