import type { JudgeFile, Place, Seen } from './sight.js';
import { isAt, type Language, named, type Relation, stands, type Verdict } from './verdict.js';

export const kinds = ['replace', 'add', 'remove', 'recolour', 'resize', 'move', 'background', 'style'] as const;

/** Noun, x and y of the centre (0 … 1), size of the shorter side, degrees, tint. */
export type Described = readonly [string, number, number, number, number, string | null];
/** Left, top, right, bottom in parts of the image. */
export type Box = readonly [number, number, number, number];

/** A row of judge/edits.jsonl.gz. */
export interface EditRow {
  readonly id: string;
  readonly language: Language;
  readonly instruction: string;
  readonly kind: (typeof kinds)[number];
  readonly told: {
    readonly noun?: string;
    readonly tint?: string;
    readonly bigger?: boolean;
    readonly position?: readonly [number, number];
    readonly relation?: Relation;
    readonly background?: string;
    readonly style?: string;
  };
  readonly objects: readonly Described[];
  /** Index of the object that changes; null where one is added or all changes. */
  readonly changed: number | null;
  /** That object in the target. */
  readonly after: Described | null;
  readonly background: string;
  readonly style: string;
  /** Where the image changes. */
  readonly boxes: readonly Box[];
}

export type EditRules = Pick<JudgeFile, 'thirds' | 'outputs'>;

/** As far as an object may stand from where it should. */
const NEAR = 0.12;
/** Styles that leave no background. */
const ON_PAPER: readonly string[] = ['ink', 'sketch'];

/**
 * `change`: it is made; `rest`: all other objects are where they were and nothing strange is there; `background` and `style` are as
 * they should be.
 */
export function editVerdict(row: EditRow, after: Seen, rules: EditRules): Verdict {
  const others = row.objects.filter((_, i) => i !== row.changed);
  const allowed = [...row.objects, ...(row.after === null ? [] : [row.after])].map(([noun]) => noun);
  const kept = others.every((other) => after.objects.some((o) => o.noun === other[0] && near(o, other)));
  const style = row.told.style ?? row.style;
  const background = after.background === (row.told.background ?? row.background);
  return {
    change: isMade(row, after, rules),
    rest: kept && after.objects.every(({ noun }) => allowed.includes(noun)),
    ...(ON_PAPER.includes(style) ? {} : { background }),
    style: after.style === style,
  };
}

function isMade({ kind, told, after: place, objects, changed }: EditRow, after: Seen, rules: EditRules): boolean {
  if (kind === 'background' || kind === 'style') return after[kind] === told[kind];
  const before = changed === null ? null : objects[changed]!;
  const now = named(after, (before ?? place!)[0]);
  if (kind === 'remove') return now === undefined;
  if (kind === 'replace') {
    const added = named(after, place![0]);
    return now === undefined && added !== undefined && near(added, place!);
  }
  if (now === undefined) return false;
  if (kind === 'recolour') return now.tint === told.tint;
  if (kind === 'resize') {
    const { smaller, bigger } = rules.outputs.sizes;
    const ratio = now.size / before![3];
    return told.bigger ? ratio >= bigger : ratio <= smaller;
  }
  if (told.position !== undefined) return isAt(now, told.position, rules.thirds);
  const other = named(after, told.noun!);
  return other !== undefined && stands(now, told.relation!, other);
}

export function near(seen: Place, [, x, y]: Described): boolean {
  return Math.abs(seen.x - x) <= NEAR && Math.abs(seen.y - y) <= NEAR;
}
