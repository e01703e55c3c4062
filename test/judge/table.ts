/** How the values of a column become one number. */
export type Summary = 'share' | 'mean' | 'median' | { readonly atLeast: number };

export interface Column {
  readonly title: string;
  /** What is added under this name; the title, where left out. */
  readonly measure?: string;
  readonly summary?: Summary;
  readonly unit?: '%' | 'dB';
}

/** Values by group and measure. True counts as 1. */
export class Table {
  readonly #columns: readonly Column[];
  readonly #values = new Map<string, Map<string, number[]>>();

  constructor(columns: readonly (Column | string)[]) {
    this.#columns = columns.map((column) => (typeof column === 'string' ? { title: column } : column));
  }

  /** Groups appear in the order in which they are first named. */
  add(groups: readonly string[], values: Readonly<Record<string, boolean | number>>): void {
    for (const group of groups) {
      const measures = this.#values.get(group) ?? new Map<string, number[]>();
      this.#values.set(group, measures);
      for (const [measure, value] of Object.entries(values))
        measures.set(measure, [...(measures.get(measure) ?? []), Number(value)]);
    }
  }

  /** Group → column → value, and of how many; a share is 0 … 1. */
  toJSON(): Readonly<Record<string, Readonly<Record<string, { readonly value: number; readonly of: number }>>>> {
    const filled = [...this.#values].filter(([, measures]) => measures.size > 0);
    const rows = filled.map(([group, measures]) => {
      const cells = this.#columns.flatMap(({ title, measure = title, summary = 'share' }) => {
        const values = measures.get(measure) ?? [];
        return values.length === 0 ? [] : [[title, { value: summarised(values, summary), of: values.length }] as const];
      });
      return [group, Object.fromEntries(cells)] as const;
    });
    return Object.fromEntries(rows);
  }

  /** In Markdown. */
  toString(): string {
    const titles = this.#columns.map(({ title }) => title);
    const lines = Object.entries(this.toJSON()).map(([group, row]) => {
      const cells = this.#columns.map(({ title, unit = '%' }) => {
        const cell = row[title];
        if (cell === undefined) return '';
        return unit === 'dB' ? `${cell.value.toFixed(2)} dB` : `${(100 * cell.value).toFixed(1)} % of ${cell.of}`;
      });
      return `| ${group} | ${cells.join(' | ')} |`;
    });
    return [`| | ${titles.join(' | ')} |`, `|---|${'---|'.repeat(titles.length)}`, ...lines].join('\n');
  }
}

function summarised(values: readonly number[], summary: Summary): number {
  if (summary === 'median') return median(values);
  const counted = typeof summary === 'object' ? values.map((value) => Number(value >= summary.atLeast)) : values;
  return counted.reduce((sum, value) => sum + value, 0) / counted.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
