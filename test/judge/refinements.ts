import { drawnRows, maskFrom, psnr, readImage, sameOutside } from './images.js';
import { readRows } from './judge.js';
import { type Bench, drawing, eachRow, type Measured, seedOf } from './measuring.js';
import { Sheet } from './sheet.js';
import { Table } from './table.js';
import type { Language } from './verdict.js';

/** A row of judge/refinements.jsonl.gz. */
interface RefinementRow {
  readonly id: string;
  readonly language: Language;
  readonly caption: string;
}

/** True scenes blurred in a box: how much nearer to the truth a refinement brings it, and whether all bytes outside are the same. */
export async function judgeRefinements(bench: Bench, folder: string): Promise<Measured> {
  const { settings } = bench;
  const model = bench.model('refines', ({ operations }) => operations.includes('REFINE'));
  const { refineSteps, refineStrength } = model.defaults;
  const rows = drawnRows(folder, readRows<RefinementRow>('refinements'), 'blurred');
  const table = new Table([
    { title: 'inside before, mean', measure: 'before', summary: 'mean', unit: 'dB' },
    { title: 'after, mean', measure: 'after', summary: 'mean', unit: 'dB' },
    { title: 'gain, mean', measure: 'gain', summary: 'mean', unit: 'dB' },
    { title: 'gain, median', measure: 'gain', summary: 'median', unit: 'dB' },
    { title: '≥ 2 dB nearer', measure: 'gain', summary: { atLeast: 2 } },
    { title: 'outside identical', measure: 'identical' },
  ]);
  const sheet = new Sheet(Math.ceil(rows.length / settings.every), 16);
  const broken: string[] = [];
  for (const language of ['zh', 'en']) table.add([language], {});
  const drawn = drawing(model, settings, refineSteps);

  const made = await eachRow(rows, settings, async ({ id, language, caption }, i) => {
    const truth = await readImage(folder, id, 'truth');
    const source = await readImage(folder, id, 'blurred');
    const mask = maskFrom(await readImage(folder, id, 'mask'));
    const image = await bench.make({
      ...drawn,
      ...{ operation: 'REFINE', source, mask, regions: null, strength: refineStrength },
      prompt: { text: caption, negative: '' },
      seed: seedOf(i),
    });
    const before = psnr(truth, source, mask, 'inside')!;
    const after = psnr(truth, image, mask, 'inside')!;
    const identical = sameOutside(source, image, mask);
    if (!identical) broken.push(id);
    table.add([language, 'all'], { before, after, gain: after - before, identical });
    sheet.add(i / settings.every, source, image, truth);
  });
  const { steps, guidance } = drawn.sampling;
  return { title: 'refinements', model: model.id, steps, guidance, rows: made, tables: { '': table }, sheet, broken };
}
