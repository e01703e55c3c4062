import type { CompiledRowStep } from '../../compiler/index.js';
import { putRows, rowsOf } from '../runtime/rows.js';
import { openSession, type Session, type SessionOptions } from '../runtime/session.js';
import { elements, type Tensor, tensor } from '../runtime/tensor.js';

const FLOAT = 4;
/** Times the larger of what goes in and what comes out that a step's graph takes, copies included. */
const WORKING = 8;
/** Rows of a band at least: in smaller ones most rows would be margin. Even, because some steps halve. */
const FEWEST_ROWS = 8;
const MOST_ROWS = 32;

export interface RowOptions extends SessionOptions {
  /** For the rows that are computed at once. */
  readonly bandBytes: number;
  /** Called between bands; may throw, and so stop. */
  readonly throwIfAborted: () => Promise<void>;
}

/**
 * Computes half of an autoencoder step by step, and each step some rows at a time: the values between two steps are held whole, so that
 * the group norms go by the mean and variance of the whole image and attention sees all of it. What comes out is what the graph of all
 * steps gives, but for the last bits of its sums.
 *
 * @param input [1, C, H, W]
 */
export async function computeInRows(
  steps: readonly CompiledRowStep[],
  input: Tensor,
  options: RowOptions,
): Promise<Tensor> {
  let x = input;
  let kept: Tensor | null = null;
  let spare: Float32Array | null = null;
  for (const step of steps) {
    const session = await openSession(step, options);
    try {
      const result: Tensor = await computeStep(session, step, { x, kept, spare }, options);
      if (step.residual === 'keep') kept = x;
      // A buffer that no later step reads holds the next result, where it is of its size.
      else spare = x === input ? null : x.data;
      if (step.residual === 'add') {
        if (kept !== null && kept.data !== result.data) spare = kept.data;
        kept = null;
      }
      x = result;
    } finally {
      await session.dispose();
    }
  }
  return x;
}

/** Bytes of the rows that are computed at once, of an image of that width: at least and, as more would gain no time, at most. */
export function bandLimits(channels: number, width: number): { readonly least: number; readonly most: number } {
  const row = WORKING * FLOAT * channels * width;
  return { least: FEWEST_ROWS * row, most: MOST_ROWS * row };
}

interface Values {
  readonly x: Tensor;
  readonly kept: Tensor | null;
  /** May be overwritten. */
  readonly spare: Float32Array | null;
}

async function computeStep(
  session: Session,
  step: CompiledRowStep,
  { x, kept, spare }: Values,
  { bandBytes, throwIfAborted }: RowOptions,
): Promise<Tensor> {
  const { scale, reach, norm, residual, seesAll } = step;
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const out = step.outputs[0]!.shape[1] as number;
  const shape = [1, out, height * scale, width * scale];
  const added = residual === 'add' ? kept! : null;
  // Each row of a sum takes the place of the one that it was added to.
  const result = added?.shape[1] === out ? added : tensor(shape, ofSize(elements(shape), spare));
  const whole = { ...(norm === null ? {} : collectStats(x, norm)), ...(seesAll ? { all: x } : {}) };
  const rowBytes = WORKING * FLOAT * width * Math.max(channels, out * scale ** 2);
  const rows = Math.max(FEWEST_ROWS, 2 * Math.floor(bandBytes / rowBytes / 2));
  // The same for every band: copies that wait to be collected would take more than the band.
  const copyOf = (image: Tensor) => {
    const memory = new Float32Array(image.shape[1]! * width * Math.min(height, rows + reach.above + reach.below));
    return (from: number, to: number) => rowsOf(image, from, to, memory);
  };
  const [own, ofAdded] = [copyOf(x), added === null ? null : copyOf(added)];
  for (let top = 0; top < height; top += rows) {
    const bottom = Math.min(height, top + rows);
    const [from, to] = [Math.max(0, top - reach.above), Math.min(height, bottom + reach.below)];
    const computed = await session.run({
      ...whole,
      rows: own(from, to),
      ...(ofAdded === null ? {} : { kept: ofAdded(from, to) }),
    });
    putRows(computed.out!.read(), (top - from) * scale, result, top * scale, (bottom - top) * scale);
    computed.out!.dispose();
    await throwIfAborted();
  }
  return result;
}

function ofSize(size: number, spare: Float32Array | null): Float32Array {
  return spare?.length === size ? spare : new Float32Array(size);
}

/** The statistics of each group, collected over the whole image, as the step takes them: x·factor + offset, both [1, G, 1]. */
function collectStats(
  { data }: Tensor,
  { groups, eps }: { readonly groups: number; readonly eps: number },
): Readonly<Record<'factor' | 'offset', Tensor>> {
  const size = data.length / groups;
  const factor = new Float32Array(groups);
  const offset = new Float32Array(groups);
  for (let group = 0; group < groups; group++) {
    let [sum, squares] = [0, 0];
    for (let at = group * size; at < (group + 1) * size; at++) {
      const value = data[at]!;
      sum += value;
      squares += value * value;
    }
    const mean = sum / size;
    const deviation = Math.sqrt(Math.max(0, squares / size - mean * mean) + eps);
    factor[group] = 1 / deviation;
    offset[group] = -mean / deviation;
  }
  return { factor: tensor([1, groups, 1], factor), offset: tensor([1, groups, 1], offset) };
}
