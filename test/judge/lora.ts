import { readRows } from './judge.js';
import { type Bench, drawing, eachRow, generates, generation, type Measured, seedOf } from './measuring.js';
import { Sheet } from './sheet.js';
import { Table } from './table.js';
import { type Truth, verdict } from './verdict.js';

/** How often the held-out prompts' images are read as a LoRA's style, with it and without it. The style has the LoRA's id. */
export async function judgeLora(bench: Bench, id: string): Promise<Measured> {
  const { settings, judge } = bench;
  const model = bench.model(
    `generates with the LoRA "${id}"`,
    (entry) => generates(entry) && entry.loras.some((lora) => lora.id === id),
  );
  const { styles, thirds } = judge.file;
  if (!styles.includes(id))
    throw new Error(`Expected a LoRA named as one of the styles ${styles.join(', ')} but received ${id}.`);
  const rows = readRows<Truth>('prompts');
  const table = new Table([
    { title: `${id} with the LoRA`, measure: 'with' },
    { title: 'without', measure: 'without' },
    { title: 'subject with', measure: 'subjectWith' },
    { title: 'subject without', measure: 'subjectWithout' },
  ]);
  for (const group of ['zh', 'en', 'mixed', 'no style named', 'another style named']) table.add([group], {});
  const sheet = new Sheet(Math.ceil(rows.length / settings.every), 18);

  const drawn = await eachRow(rows, settings, async (truth, i) => {
    const job = generation(model, settings, truth.prompt, seedOf(i));
    const without = await bench.make(job);
    const styled = await bench.make({ ...job, sampling: { ...job.sampling, loras: [{ id, weight: 1 }] } });
    const [plain, seen] = [await judge.look(without), await judge.look(styled)];
    // A prompt that names another style asks for two at once.
    const told = truth.style === 'plain' ? 'no style named' : 'another style named';
    table.add([truth.language, told, 'all'], {
      with: seen.style === id,
      without: plain.style === id,
      subjectWith: verdict(truth, seen, thirds).subject!,
      subjectWithout: verdict(truth, plain, thirds).subject!,
    });
    sheet.add(i / settings.every, without, styled);
  });
  const { steps, guidance } = drawing(model, settings).sampling;
  return {
    title: `held-out prompts with and without the LoRA ${id}`,
    model: model.id,
    steps,
    guidance,
    rows: drawn,
    tables: { '': table },
    sheet,
    broken: [],
  };
}
