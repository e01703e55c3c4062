export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MB' | '/s' | '×' | 'dB' | '';
  readonly target?: string;
}

/** A table for people (the README's), or JSON for programs. */
export function print(measures: readonly Measure[], json: boolean, machine: string): void {
  if (json) {
    console.log(JSON.stringify({ machine, measures }, null, 2));
    return;
  }
  console.log(`\n${machine}\n\n| what | measured | target |\n|---|---|---|`);
  for (const { name, value, unit, target } of measures) {
    const shown = value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
    console.log(
      `| ${name.replace(/^ {2}/, '&nbsp;&nbsp;')} | ${shown}${unit === '' ? '' : ` ${unit}`} | ${target ?? ''} |`,
    );
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
