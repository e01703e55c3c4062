/**
 * From what the judge sees to a verdict, by the rule of infra/inkling/judge/README.md. The judge never sees a prompt: where things
 * stand is read from the picture alone.
 */

/** A held-out scene as its prompt tells it. Null where the prompt says nothing. */
export interface Truth {
  readonly id: string;
  readonly language: 'zh' | 'en' | 'mixed';
  readonly prompt: string;
  readonly objects: readonly { readonly noun: string }[];
  /** Column and row in thirds, 0 … 2. */
  readonly position: readonly [number, number] | null;
  /** The objects as listed go from left to right, or from top to bottom. */
  readonly order: 'x' | 'y' | null;
  readonly count: number | null;
  readonly background: string | null;
  readonly style: string;
}

export interface Seen {
  /** Best first; x and y of the centre, 0 … 1. */
  readonly objects: readonly {
    readonly noun: string;
    readonly x: number;
    readonly y: number;
    readonly score: number;
  }[];
  readonly background: string;
  readonly style: string;
}

export const measures = ['subject', 'relation', 'position', 'count', 'background', 'style'] as const;
export type Measure = (typeof measures)[number];

/** How far one thing must stand from the next, as a share of the side. */
const APART = 0.1;

/** What is right and what is not; what the prompt does not ask for, or cannot be read because a thing is missing, is absent. */
export function verdict(
  truth: Truth,
  seen: Seen,
  thirds: readonly [number, number],
): Partial<Record<Measure, boolean>> {
  const wanted = truth.objects.map(({ noun }) => noun);
  const found = seen.objects.map(({ noun }) => noun);
  const same = (a: readonly string[], b: readonly string[]) => a.every((name) => b.includes(name));
  const result: Partial<Record<Measure, boolean>> = { subject: same(wanted, found) && same(found, wanted) };
  if (truth.count !== null) result.count = found.length === wanted.length;
  if (truth.background !== null) result.background = seen.background === truth.background;
  if (truth.style !== 'plain') result.style = seen.style === truth.style;
  if (!same(wanted, found)) return result;

  const best = wanted.map((noun) => seen.objects.find((object) => object.noun === noun)!);
  const third = (value: number) => (value < thirds[0] ? 0 : value > thirds[1] ? 2 : 1);
  if (truth.position !== null)
    result.position = third(best[0]!.x) === truth.position[0] && third(best[0]!.y) === truth.position[1];
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
