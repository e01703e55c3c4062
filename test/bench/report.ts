export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MB' | '/s' | '×' | 'dB' | '';
  readonly target?: string;
}

/** A table in Markdown. */
export function tableOf(measures: readonly Measure[], machine: string): string {
  const rows = measures.map(({ name, value, unit, target }) => {
    const shown = value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
    return `| ${name.replace(/^ {2}/, '&nbsp;&nbsp;')} | ${shown}${unit === '' ? '' : ` ${unit}`} | ${target ?? ''} |`;
  });
  return [machine, '', '| what | measured | target |', '|---|---|---|', ...rows].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
