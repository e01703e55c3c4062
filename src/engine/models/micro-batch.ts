import type { VelocityField } from '../pipelines/velocity-field.js';
import { concat, items, type Tensor } from '../runtime/tensor.js';
import type { NoisePredictor } from './noise-predictor.js';

export interface MicroBatchOptions<T> {
  /** The predictor of some of the prompts. */
  readonly predictorOf: (prompts: readonly T[]) => NoisePredictor;
  /** Items of one call of the model at most, given the latents of all. */
  readonly mostItems: (latents: Tensor) => number;
  /** Called between parts; may throw, and so stop. */
  readonly throwIfAborted: () => Promise<void>;
}

/**
 * The predictor of a batch that may be larger than one call of the model: parts of nearly equal size are computed one after another, so
 * that every item makes the same step before any makes the next.
 */
export function microBatch<T>(prompts: readonly T[], options: MicroBatchOptions<T>): NoisePredictor {
  return new MicroBatched(prompts, options);
}

class MicroBatched<T> implements NoisePredictor {
  readonly #prompts: readonly T[];
  readonly #options: MicroBatchOptions<T>;
  #parts: readonly { readonly from: number; readonly to: number; readonly predictor: NoisePredictor }[] | null = null;

  constructor(prompts: readonly T[], options: MicroBatchOptions<T>) {
    this.#prompts = prompts;
    this.#options = options;
  }

  predict(latents: Tensor, times: readonly number[]): Promise<Tensor> {
    return this.#each(latents, (predictor, part, from, to) => predictor.predict(part, times.slice(from, to)));
  }

  readonly velocity: VelocityField = (x, sigma) => this.#each(x, (predictor, part) => predictor.velocity(part, sigma));

  release(): void {
    for (const { predictor } of this.#parts ?? []) predictor.release();
    this.#parts = null;
  }

  async #each(
    latents: Tensor,
    compute: (predictor: NoisePredictor, part: Tensor, from: number, to: number) => Promise<Tensor>,
  ): Promise<Tensor> {
    this.#parts ??= this.#split(latents);
    const outputs: Tensor[] = [];
    for (const { from, to, predictor } of this.#parts) {
      if (from > 0) await this.#options.throwIfAborted();
      outputs.push(await compute(predictor, items(latents, from, to), from, to));
    }
    return concat(outputs);
  }

  #split(latents: Tensor) {
    const { predictorOf, mostItems } = this.#options;
    return ranges(this.#prompts.length, mostItems(latents)).map(([from, to]) => ({
      from,
      to,
      predictor: predictorOf(this.#prompts.slice(from, to)),
    }));
  }
}

/** `count` items as the fewest ranges [from, to) of at most `most`, whose sizes differ by one at most. */
function ranges(count: number, most: number): readonly (readonly [number, number])[] {
  const parts = Math.max(1, Math.ceil(count / Math.max(1, most)));
  return Array.from(
    { length: parts },
    (_, i) => [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)] as const,
  );
}
