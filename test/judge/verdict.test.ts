import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/runtime/tensor.js';
import { type EditRow, editVerdict } from './edit-verdict.js';
import { likeness } from './likeness.js';
import { type JudgeFile, read, type Seen, type SeenSign, type Sight } from './sight.js';
import { type Truth, type Verdict, verdict } from './verdict.js';

/** Class, row, column and value; class and value of what has no place. */
type Entries = readonly (readonly number[])[];

interface Case {
  readonly truth?: Truth;
  readonly edit?: EditRow;
  readonly sight: { readonly rows: number; readonly columns: number } & Readonly<Record<keyof Sight, Entries>>;
  readonly seen: Seen;
  readonly verdict: Verdict;
}

/** Written by infra/inkling/verdict_cases.py. */
const lines = readFileSync(join(import.meta.dirname, 'verdicts.jsonl'), 'utf8')
  .trim()
  .split('\n');
const [rules, ...cases] = lines.map((line) => JSON.parse(line)) as [JudgeFile, ...Case[]];

function dense(entries: Entries, classes: number, rows = 1, columns = 1): Tensor {
  const data = new Float32Array(classes * rows * columns);
  for (const entry of entries) {
    const [row, column] = entry.length === 4 ? [entry[1]!, entry[2]!] : [0, 0];
    data[(entry[0]! * rows + row) * columns + column] = entry.at(-1)!;
  }
  return { shape: [1, classes, rows, columns], data };
}

function sightOf({ rows, columns, ...entries }: Case['sight']): Sight {
  return {
    objects: dense(entries.objects, rules.nouns.length, rows, columns),
    background: dense(entries.background, rules.backgrounds.length),
    style: dense(entries.style, rules.styles.length),
    sizes: dense(entries.sizes, 1, rows, columns),
    tints: dense(entries.tints, rules.tints.length, rows, columns),
    glyphs: dense(entries.glyphs, rules.letters.length, 2 * rows, 2 * columns),
  };
}

/** A sum may end in another last digit. */
const rounded = (sign: SeenSign | null) =>
  sign && { ...sign, x: Number(sign.x.toFixed(12)), y: Number(sign.y.toFixed(12)) };

describe('the rules of the judge', () => {
  it('are those of the Python, for prompts, signs and edits', () => {
    expect(cases.length).toBeGreaterThan(50);
    for (const { truth, edit, sight, seen, verdict: expected } of cases) {
      const mine = read(sightOf(sight), rules);
      const id = (truth ?? edit)!.id;
      expect({ id, ...mine, sign: rounded(mine.sign) }).toEqual({ id, ...seen, sign: rounded(seen.sign) });
      const result = truth === undefined ? editVerdict(edit!, mine, rules) : verdict(truth, mine, rules.thirds);
      expect({ id, ...result }).toEqual({ id, ...expected });
    }
  });

  it('take letters as common in their order only', () => {
    expect(likeness('OPEN', 'OPEN')).toBe(1);
    expect(likeness('OPEN', 'NEPO')).toBe(0.25);
    expect(likeness('开门大吉', '开大吉')).toBe(0.75);
    expect(likeness('STOP', '')).toBe(0);
  });
});
