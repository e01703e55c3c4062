import type { VelocityField } from '../pipelines/velocity-field.js';
import type { Slot } from '../runtime/residency.js';
import type { Tensor } from '../runtime/tensor.js';
import type { NoisePredictor } from './noise-predictor.js';
import type { Transformer } from './transformer.js';

/** A predictor whose transformer may leave memory between two calls, and is then given its prompts again. */
export class ResidentPredictor implements NoisePredictor {
  readonly #slot: Slot<Transformer>;
  readonly #predictorOf: (transformer: Transformer) => NoisePredictor;
  readonly #workingBytes: (latents: Tensor) => number;
  #last: { readonly transformer: Transformer; readonly predictor: NoisePredictor } | null = null;

  constructor(
    slot: Slot<Transformer>,
    predictorOf: (transformer: Transformer) => NoisePredictor,
    workingBytes: (latents: Tensor) => number,
  ) {
    this.#slot = slot;
    this.#predictorOf = predictorOf;
    this.#workingBytes = workingBytes;
  }

  predict(latents: Tensor, times: readonly number[]): Promise<Tensor> {
    return this.#use(latents, (predictor) => predictor.predict(latents, times));
  }

  readonly velocity: VelocityField = (x, sigma) => this.#use(x, (predictor) => predictor.velocity(x, sigma));

  release(): void {
    this.#last?.predictor.release();
    this.#last = null;
  }

  #use(latents: Tensor, work: (predictor: NoisePredictor) => Promise<Tensor>): Promise<Tensor> {
    return this.#slot.use((transformer) => {
      if (this.#last?.transformer !== transformer)
        this.#last = { transformer, predictor: this.#predictorOf(transformer) };
      return work(this.#last.predictor);
    }, this.#workingBytes(latents));
  }
}
