import type { Sampling } from '../../domain/sampling.js';
import { concat, items, scaled, type Tensor } from '../runtime/tensor.js';
import { modelTime } from './schedule.js';
import type { VelocityField } from './velocity-field.js';

/** How strongly a prompt is followed, in the diffusers convention. */
export interface Guidance {
  /** g in `pos + g·(pos − neg)`; 0 is off. (ComfyUI's `cfg` is g + 1.) */
  readonly scale: number;
  /** The guided prediction may be at most this many times as long as the unguided one; 0 is no limit. */
  readonly normalization: number;
  /** No guidance once the model's time (0 noise … 1 clean) is past this; above 1 it never ends. */
  readonly truncation: number;
}

export function guidanceOf({ guidance, guidanceNormalization, guidanceTruncation }: Sampling): Guidance {
  return { scale: guidance, normalization: guidanceNormalization, truncation: guidanceTruncation };
}

/**
 * Classifier-free guidance: towards the prompt, away from the negative one.
 *
 * @param both the field of the prompts followed by as many negative prompts, computed in one call of the model
 * @see diffusers `ZImagePipeline.__call__`
 */
export function guided(both: VelocityField, { scale, normalization }: Guidance): VelocityField {
  return async (x, sigma) => {
    const batch = x.shape[0]!;
    const v = await both(concat([x, x]), sigma);
    const positive = items(v, 0, batch);
    const negative = items(v, batch, 2 * batch);
    const data = new Float32Array(positive.data.length);
    for (let i = 0; i < data.length; i++) {
      const p = positive.data[i]!;
      data[i] = p + scale * (p - negative.data[i]!); // pos + g·(pos − neg)
    }
    const combined = { shape: x.shape, data };
    return normalization > 0 ? shortened(combined, positive, normalization) : combined;
  };
}

/** Guidance while it matters: `during` up to the model time, `after` it from then on. */
export function truncated(during: VelocityField, after: VelocityField, { truncation }: Guidance): VelocityField {
  return (x, sigma) => (truncation <= 1 && modelTime(sigma) > truncation ? after(x, sigma) : during(x, sigma));
}

/** Each item scaled down, never up, to `limit` times the length of its counterpart in `reference`. */
function shortened(values: Tensor, reference: Tensor, limit: number): Tensor {
  return concat(
    Array.from({ length: values.shape[0]! }, (_, i) => {
      const item = items(values, i, i + 1);
      const factor = (limit * length(items(reference, i, i + 1))) / length(item);
      return factor < 1 ? scaled(item, factor) : item;
    }),
  );
}

/** Euclidean length over all values. */
function length({ data }: Tensor): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return Math.sqrt(sum);
}
