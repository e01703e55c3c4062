/**
 * `npm run judge`: makes held-out images with the embedded models through this project's engine, has the judge read them, and prints
 * the shares that are right. Without a choice, the held-out prompts are drawn.
 *
 *     --natural             prompts as people write them
 *     --signs               lettering
 *     --edits FOLDER        instructions; FOLDER is made by `python infra/inkling/pairs.py FOLDER --atlas ATLAS`, here as below
 *     --inpaint FOLDER      boxes repainted
 *     --refine FOLDER       blurred boxes refined
 *     --lora ID             a style with its LoRA and without
 *     --model ID            a catalog id; else the first that can
 *     --steps N, --guidance G   else the model's own
 *     --size 256x256        of what is drawn from words alone
 *     --every N             only every n-th row
 *     --engines N           rows at a time, each by an engine of its own; worth it from eight cores on, with ENGINE_THREADS=2
 *     --judge FOLDER        another export of the judge
 *     --misses FILE         what was not right, a JSON line each
 *     --sheet FILE, --json
 *     --write               into the measurement's section of docs/models.md
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeSection } from '../../infra/docs/section.js';
import { judgeEdits } from './edits.js';
import { judgeInpaint } from './inpaint.js';
import { openJudge } from './judge.js';
import { judgeLora } from './lora.js';
import { type Bench, type Measured, withBench } from './measuring.js';
import { judgeNatural, judgePrompts, judgeSigns } from './prompts.js';
import { judgeRefinements } from './refinements.js';

const { values } = parseArgs({
  options: {
    natural: { type: 'boolean', default: false },
    signs: { type: 'boolean', default: false },
    edits: { type: 'string' },
    inpaint: { type: 'string' },
    refine: { type: 'string' },
    lora: { type: 'string' },
    model: { type: 'string' },
    steps: { type: 'string' },
    guidance: { type: 'string' },
    size: { type: 'string', default: '256x256' },
    every: { type: 'string', default: '1' },
    engines: { type: 'string', default: '1' },
    judge: { type: 'string' },
    sheet: { type: 'string' },
    misses: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

try {
  const [width, height] = values.size.split('x').map(Number) as [number, number];
  const settings = {
    ...{ model: values.model, width, height },
    ...{ every: count('every', values.every), engines: count('engines', values.engines) },
    ...{ steps: number('steps', values.steps), guidance: number('guidance', values.guidance) },
  };
  const judge = await openJudge(values.judge);
  const measured = await withBench(settings, judge, measurement());
  print(measured);
  if (values.write)
    writeSection(
      'models.md',
      `judge ${kind()} ${measured.model}`,
      `${new Date().toISOString().slice(0, 10)}. ${told(measured)}`,
    );
  if (values.sheet !== undefined) await measured.sheet.write(values.sheet);
  if (values.misses !== undefined)
    writeFileSync(values.misses, (measured.misses ?? []).map((miss) => `${JSON.stringify(miss)}\n`).join(''));
  if (measured.broken.length > 0) {
    console.error(`Bytes changed that must not, in ${measured.broken.join(', ')}.`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function measurement(): (bench: Bench) => Promise<Measured> {
  const { natural, signs, edits, inpaint, refine, lora } = values;
  if (
    [natural || undefined, signs || undefined, edits, inpaint, refine, lora].filter((choice) => choice !== undefined)
      .length > 1
  )
    throw new Error(
      'Expected one of --natural, --signs, --edits, --inpaint, --refine and --lora but received several.',
    );
  if (natural) return judgeNatural;
  if (signs) return judgeSigns;
  if (edits !== undefined) return (bench) => judgeEdits(bench, edits);
  if (inpaint !== undefined) return (bench) => judgeInpaint(bench, inpaint);
  if (refine !== undefined) return (bench) => judgeRefinements(bench, refine);
  if (lora !== undefined) return (bench) => judgeLora(bench, lora);
  return judgePrompts;
}

/** Which section of the page the measurement has. */
function kind(): string {
  const { signs, edits, inpaint, refine, lora } = values;
  const chosen = Object.entries({ signs: signs || undefined, edits, inpaint, refine, lora });
  return chosen.find(([, choice]) => choice !== undefined)?.[0] ?? 'prompts';
}

function count(name: string, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`Expected 1, 2, … for --${name} but received ${value}.`);
  return Number(value);
}

function number(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(value)) throw new Error(`Expected a number for --${name} but received ${value}.`);
  return Number(value);
}

function print(measured: Measured): void {
  const { title, model, steps, guidance, rows, tables } = measured;
  if (values.json) console.log(JSON.stringify({ title, model, steps, guidance, size: values.size, rows, tables }));
  else console.log(`\n${told(measured)}`);
}

/** In Markdown. */
function told({ title, model, steps, guidance, rows, tables }: Measured): string {
  const heading = `${model}, ${steps} steps, guidance ${guidance}, ${values.size}: ${rows} ${title}`;
  return [
    heading,
    ...Object.entries(tables).map(([name, table]) => `${name === '' ? '' : `${name}\n\n`}${table}`),
  ].join('\n\n');
}
