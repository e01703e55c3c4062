import { modelTime } from '../pipelines/schedule.js';
import type { VelocityField } from '../pipelines/velocity-field.js';
import { concat, items, scaled, type Tensor } from '../runtime/tensor.js';

/** The transformer given its prompts. Latents are [B, 16, h, w], with one item a prompt and the same size at every call. */
export interface NoisePredictor {
  /** The raw prediction, which points from noise to image, at one model time an item (0 noise … 1 clean). */
  predict(latents: Tensor, times: readonly number[]): Promise<Tensor>;
  readonly velocity: VelocityField;
  /** Frees what was computed once. */
  release(): void;
}

/** The predictor of items whose tokens have one layout, computed in one call of the model. */
export type GroupPredictor = Pick<NoisePredictor, 'predict' | 'release'>;

/**
 * Items of one shape are computed together. Within such a group nothing need be masked, and apart from each other no group pays for the
 * padding of a longer one.
 *
 * @param shapeOf the same for items that may be computed in one call
 */
export function groupByShape<T>(
  prompts: readonly T[],
  shapeOf: (prompt: T) => string,
  predictorOf: (prompts: readonly T[]) => GroupPredictor,
): NoisePredictor {
  const groups = new Map<string, number[]>();
  for (const [i, prompt] of prompts.entries()) {
    const key = shapeOf(prompt);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return new Grouped(
    [...groups.values()].map((members) => ({ members, predictor: predictorOf(members.map((i) => prompts[i]!)) })),
  );
}

interface Group {
  /** Which items of the batch, from 0. */
  readonly members: readonly number[];
  readonly predictor: GroupPredictor;
}

class Grouped implements NoisePredictor {
  constructor(readonly groups: readonly Group[]) {}

  async predict(latents: Tensor, times: readonly number[]): Promise<Tensor> {
    const outputs: Tensor[] = [];
    for (const { members, predictor } of this.groups) {
      const output = await predictor.predict(
        concat(members.map((i) => items(latents, i, i + 1))),
        members.map((i) => times[i]!),
      );
      for (const [row, i] of members.entries()) outputs[i] = items(output, row, row + 1);
    }
    return concat(outputs);
  }

  // The model points from noise to image, a velocity the other way.
  readonly velocity: VelocityField = async (x, sigma) => {
    const times = Array<number>(x.shape[0]!).fill(modelTime(sigma));
    return scaled(await this.predict(x, times), -1);
  };

  release(): void {
    for (const { predictor } of this.groups) predictor.release();
  }
}
