import type { Tensor } from '../../src/engine/runtime/tensor.js';

/** What the rules need of infra/inkling/judge/judge.json. */
export interface JudgeFile {
  readonly outputs: {
    readonly objects: { readonly threshold: number };
    readonly sizes: { readonly smaller: number; readonly bigger: number };
    readonly glyphs: { readonly threshold: number };
  };
  readonly thirds: readonly [number, number];
  readonly nouns: readonly string[];
  readonly backgrounds: readonly string[];
  readonly styles: readonly string[];
  /** The first is an object in its own colours. */
  readonly tints: readonly string[];
  readonly letters: string;
}

export const outputs = ['objects', 'background', 'style', 'sizes', 'tints', 'glyphs'] as const;

/** The judge's outputs for one image, each [1, classes] or [1, classes, rows, columns]. */
export type Sight = Readonly<Record<(typeof outputs)[number], Tensor>>;

/** Where something stands: x and y of its centre, 0 … 1. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface SeenObject extends Place {
  readonly noun: string;
  readonly score: number;
  /** Of the shorter side. */
  readonly size: number;
  /** Null is its own colours. */
  readonly tint: string | null;
}

export interface SeenSign extends Place {
  readonly text: string;
}

export interface Seen {
  /** Best first. */
  readonly objects: readonly SeenObject[];
  readonly background: string;
  readonly style: string;
  readonly sign: SeenSign | null;
}

/** From the judge's outputs to what is seen: `read` of infra/inkling/verdict.py. */
export function read(sight: Sight, file: JudgeFile): Seen {
  return {
    objects: readObjects(sight, file),
    background: file.backgrounds[highest(sight.background.data)]!,
    style: file.styles[highest(sight.style.data)]!,
    sign: readSign(sight.glyphs, file),
  };
}

function readObjects({ objects, sizes, tints }: Sight, { nouns, tints: names, outputs }: JudgeFile) {
  return peaks(objects, outputs.objects.threshold)
    .map(({ kind, cell, x, y, score }): SeenObject => {
      const [, classes, rows, columns] = tints.shape as [number, number, number, number];
      const area = rows * columns;
      const tint = highest(Float32Array.from({ length: classes }, (_, i) => tints.data[i * area + cell]!));
      return {
        noun: nouns[kind]!,
        x,
        y,
        score,
        size: sizes.data[cell]!,
        tint: tint === 0 ? null : names[tint]!,
      };
    })
    .sort((a, b) => b.score - a.score);
}

/** Letters in the order of the longer extent, across or down, and the mean of their centres. */
function readSign(glyphs: Tensor, { letters, outputs }: JudgeFile): SeenSign | null {
  const found = peaks(glyphs, outputs.glyphs.threshold);
  if (found.length === 0) return null;
  const [, , rows, columns] = glyphs.shape as [number, number, number, number];
  const extent = (axis: 'x' | 'y') => Math.max(...found.map((p) => p[axis])) - Math.min(...found.map((p) => p[axis]));
  const axis = extent('y') * rows > extent('x') * columns ? 'y' : 'x';
  const mean = (axis: 'x' | 'y') => found.reduce((sum, p) => sum + p[axis], 0) / found.length;
  const text = [...found].sort((a, b) => a[axis] - b[axis]).map(({ kind }) => letters[kind]);
  return { text: text.join(''), x: mean('x'), y: mean('y') };
}

/** Of [1, classes, rows, columns]: where the score reaches the threshold, class by class, row by row. */
function peaks({ shape, data }: Tensor, threshold: number) {
  const [, , rows, columns] = shape as [number, number, number, number];
  // Scores are float32, so a score that was written as the threshold reaches it.
  const least = Math.fround(threshold);
  const found: (Place & { readonly kind: number; readonly cell: number; readonly score: number })[] = [];
  data.forEach((score, i) => {
    if (score < least) return;
    const cell = i % (rows * columns);
    const [x, y] = [((cell % columns) + 0.5) / columns, (Math.floor(cell / columns) + 0.5) / rows];
    found.push({ kind: Math.floor(i / (rows * columns)), cell, x, y, score });
  });
  return found;
}

function highest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
