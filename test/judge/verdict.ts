/**
 * From what the judge sees to a verdict: the rules of infra/inkling/verdict.py. The judge never sees a prompt: where things stand is
 * read from the image alone.
 */
import { likeness } from './likeness.js';
import type { Place, Seen, SeenObject } from './sight.js';

export type Language = 'zh' | 'en' | 'mixed';
export type Relation = 'left of' | 'right of' | 'above' | 'below';
/** How two things that overlap stand to each other. */
export type Touch = 'on' | 'inside' | 'in front of' | 'behind' | 'with' | 'wearing';

/** A held-out scene as its prompt tells it. Null or absent where the prompt says nothing. */
export interface Truth {
  readonly id: string;
  readonly language: Language;
  readonly prompt: string;
  readonly objects: readonly { readonly noun: string; readonly tint?: string }[];
  /** Column and row in thirds, 0 … 2. */
  readonly position: readonly [number, number] | null;
  /** The objects as listed go from left to right, or from top to bottom. */
  readonly order: 'x' | 'y' | null;
  readonly count: number | null;
  readonly background: string | null;
  readonly style: string;
  /** At least so many, where the prompt says "many". */
  readonly least?: number;
  /** How the first object stands to the second. */
  readonly touch?: Touch;
  /** Of a sign. */
  readonly text?: string;
  /** Where the sign stands to the first object. */
  readonly relation?: Relation | null;
}

/** Where the middle third begins and ends. */
export type Thirds = readonly [number, number];

/** Whether a measure is right; of `letters` the share. */
export type Verdict = Readonly<Record<string, boolean | number>>;

export const measures = ['subject', 'relation', 'position', 'count', 'background', 'style', 'tint'] as const;
export const signMeasures = ['text', 'letters', 'subject', 'relation', 'background', 'style'] as const;

/** How far one thing must stand from the next, as a share of the side. */
const APART = 0.1;
/** How far two things that touch may stand apart. */
const TOUCHING = 0.42;
const directions: Readonly<Record<Relation, readonly [number, number]>> = {
  'left of': [-1, 0],
  'right of': [1, 0],
  above: [0, -1],
  below: [0, 1],
};

/** What is right and what is not; what the prompt does not ask for, or cannot be read because a thing is missing, is absent. */
export function verdict(truth: Truth, seen: Seen, thirds: Thirds): Verdict {
  const wanted = truth.objects.map(({ noun }) => noun);
  const found = seen.objects.map(({ noun }) => noun);
  const within = (a: readonly string[], b: readonly string[]) => a.every((name) => b.includes(name));
  const result: Record<string, boolean | number> = {};
  if (truth.text) {
    const text = seen.sign?.text ?? '';
    result.text = text === truth.text;
    result.letters = likeness(truth.text, text);
  }
  if (wanted.length > 0 || !truth.text) result.subject = within(wanted, found) && within(found, wanted);
  if (truth.count !== null) result.count = isSame(found, wanted);
  if (truth.least !== undefined) result.count = found.length >= truth.least;
  if (truth.background !== null) result.background = seen.background === truth.background;
  if (truth.style !== 'plain') result.style = seen.style === truth.style;
  if (!within(wanted, found)) return result;

  const best = wanted.map((noun) => named(seen, noun)!);
  if (truth.objects.some(({ tint }) => tint))
    result.tint = truth.objects.every(({ tint }, i) => !tint || best[i]!.tint === tint);
  if (truth.touch !== undefined) result.relation = touches(best[0]!, truth.touch, best[1]!);
  if (truth.position !== null) result.position = isAt(best[0]!, truth.position, thirds);
  if (truth.relation && seen.sign !== null) result.relation = stands(seen.sign, truth.relation, best[0]!);
  if (truth.order !== null) {
    const along = truth.order;
    const across = along === 'x' ? 'y' : 'x';
    result.relation = best.slice(1).every((next, i) => {
      const distance = next[along] - best[i]![along];
      return distance > APART && distance > Math.abs(next[across] - best[i]![across]);
    });
  }
  return result;
}

/** The same nouns, each as often. */
function isSame(a: readonly string[], b: readonly string[]): boolean {
  const sorted = [...b].sort();
  return a.length === b.length && [...a].sort().every((noun, i) => noun === sorted[i]);
}

/** a and b overlap, and a is higher or lower as the relation wants it. */
function touches(a: Place, relation: Touch, b: Place): boolean {
  const [dx, dy] = [a.x - b.x, b.y - a.y];
  if (dx * dx + dy * dy > TOUCHING * TOUCHING) return false;
  if (relation === 'on' || relation === 'inside') return dy > APART;
  if (relation === 'in front of') return dy < -APART;
  return relation === 'behind' ? dy > APART : true;
}

/** The object of that noun with the highest score. */
export function named(seen: Seen, noun: string): SeenObject | undefined {
  return seen.objects.find((object) => object.noun === noun);
}

/** In that column and row of thirds. */
export function isAt({ x, y }: Place, [column, row]: readonly [number, number], [low, high]: Thirds): boolean {
  const third = (value: number) => (value < low ? 0 : value > high ? 2 : 1);
  return third(x) === column && third(y) === row;
}

/** a is `relation` b. */
export function stands(a: Place, relation: Relation, b: Place): boolean {
  const [dx, dy] = directions[relation];
  const along = dx === 0 ? (b.y - a.y) * -dy : (b.x - a.x) * -dx;
  const across = dx === 0 ? b.x - a.x : b.y - a.y;
  return along > APART && along > Math.abs(across);
}
