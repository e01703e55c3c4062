import { modelTime } from '../pipelines/schedule.js';
import type { VelocityField } from '../pipelines/velocity-field.js';
import { concat, items, scaled, type Tensor } from '../runtime/tensor.js';

/** The transformer given its prompts. Latents are [B, 16, h, w], with one item a prompt and the same size at every call. */
export interface Conditioned {
  /** The raw prediction, which points from noise to image, at one model time an item (0 noise … 1 clean). */
  predict(latents: Tensor, times: readonly number[]): Promise<Tensor>;
  readonly velocity: VelocityField;
  /** Frees what was computed once. */
  release(): void;
}

/** A part of the items, computed in one call. */
export type Together = Pick<Conditioned, 'predict' | 'release'>;

/**
 * Items of one layout are computed together. Within such a group nothing need be masked, and apart from each other no group pays for the
 * padding of a longer one.
 *
 * @param layout the same for items that may be computed in one call
 */
export function byLayout<T>(
  prompts: readonly T[],
  layout: (prompt: T) => string,
  together: (prompts: readonly T[]) => Together,
): Conditioned {
  const groups = new Map<string, number[]>();
  for (const [i, prompt] of prompts.entries()) {
    const key = layout(prompt);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const fields = [...groups.values()].map((members) => ({ members, field: together(members.map((i) => prompts[i]!)) }));

  async function predict(latents: Tensor, times: readonly number[]): Promise<Tensor> {
    const outputs: Tensor[] = [];
    for (const { members, field } of fields) {
      const theirs = concat(members.map((i) => items(latents, i, i + 1)));
      const output = await field.predict(
        theirs,
        members.map((i) => times[i]!),
      );
      for (const [row, i] of members.entries()) outputs[i] = items(output, row, row + 1);
    }
    return concat(outputs);
  }

  return {
    predict,
    // The model points from noise to image, a velocity the other way.
    async velocity(x, sigma) {
      const times = prompts.map(() => modelTime(sigma));
      return scaled(await predict(x, times), -1);
    },
    release() {
      for (const { field } of fields) field.release();
    },
  };
}
