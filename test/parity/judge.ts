import type { NdArray } from './arrays.js';
import type { ArraySpec, Case } from './case.js';

/** The comparison of one array. */
export interface Finding {
  readonly array: string;
  readonly error: number;
  /** Length of the difference over the length of the reference. */
  readonly relative: number;
  readonly tolerance: number;
  /** What is wrong, in words; null when the array agrees. */
  readonly complaint: string | null;
}

/** What we computed. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Compares what we computed with what the reference gave, and notices what nobody computed. */
export class Judge {
  readonly findings: Finding[] = [];
  readonly #case: Case;

  constructor(subject: Case) {
    this.#case = subject;
  }

  /** An array of the case by name: what the reference was given. */
  input(name: string): NdArray {
    const array = this.#case.arrays.get(name);
    if (array === undefined) throw new Error(`The case has no array "${name}".`);
    return array;
  }

  knows(name: string): boolean {
    return this.#case.arrays.has(name);
  }

  /** Compares where the case holds such an array, with exactly the tolerance written there. */
  compare(name: string, actual: Values): void {
    const expected = this.#case.arrays.get(name);
    const spec: ArraySpec | undefined = this.#case.json.tensors[name];
    if (expected === undefined || spec === undefined) return;
    const tolerance = toleranceOf(spec);
    if (tolerance === null) return;
    this.#add(name, expected, actual, tolerance);
  }

  /** Compares what has no rounding of its own: one unit in the last place of float32. */
  compareExactly(name: string, actual: Values): void {
    this.#add(name, this.input(name), actual, 2 ** -23);
  }

  /** Compares 8-bit pixels, which may be one level apart. */
  comparePixels(name: string, expected: NdArray, actual: Values): void {
    this.#add(name, expected, actual, 1);
  }

  #add(array: string, expected: NdArray, actual: Values, tolerance: number): void {
    // The reference has an axis for frames where we have none.
    if (squeezed(expected.shape) !== squeezed(actual.shape)) {
      const complaint = `expected the shape ${expected.shape} but received ${actual.shape}`;
      this.findings.push({ array, error: Infinity, relative: Infinity, tolerance, complaint });
      return;
    }
    const { error, relative } = distance(expected.data, actual.data);
    this.findings.push({ array, error, relative, tolerance, complaint: error <= tolerance ? null : 'differs' });
  }

  /** Complains about every array that must agree and that nothing was compared with. */
  finish(): void {
    const compared = new Set(this.findings.map(({ array }) => array));
    for (const [array, spec] of Object.entries<ArraySpec>(this.#case.json.tensors)) {
      if (spec.role === 'input' || spec.role === 'info' || spec.atol === undefined || compared.has(array)) continue;
      this.findings.push({
        array,
        error: Infinity,
        relative: Infinity,
        tolerance: spec.atol,
        complaint: 'was never computed',
      });
    }
  }
}

/** Floats have theirs written; whole numbers are equal, 8-bit pixels within one level; anything else is for information. */
function toleranceOf({ atol, dtype }: ArraySpec): number | null {
  if (atol !== undefined) return atol;
  if (dtype === 'uint8') return 1;
  return dtype === 'float32' ? null : 0;
}

function squeezed(shape: readonly number[]): string {
  return shape.filter((size) => size !== 1).join('×');
}

/** Not-a-number anywhere is infinitely far away. */
function distance(expected: ArrayLike<number>, actual: ArrayLike<number>) {
  let error = 0;
  let difference = 0;
  let reference = 0;
  for (let i = 0; i < expected.length; i++) {
    const delta = Math.abs(expected[i]! - actual[i]!);
    if (Number.isNaN(delta)) return { error: Infinity, relative: Infinity };
    error = Math.max(error, delta);
    difference += delta * delta;
    reference += expected[i]! * expected[i]!;
  }
  return { error, relative: reference === 0 ? Math.sqrt(difference) : Math.sqrt(difference / reference) };
}
