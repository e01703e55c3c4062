import type { Pixels } from '../engine.js';
import type { Tensor } from '../runtime/tensor.js';
import type { Seen } from './image-encoder.js';
import type { Conditioned } from './noise-predictor.js';
import type { ConditionImage, Segments } from './omni.js';

/** How a model makes images after others, as words say. */
export interface ReferencePredictor {
  /** The embedding [L, D] of a part of the turn, as it stands. */
  encodeSegment(text: string): Promise<Tensor>;
  /** What the image encoder sees; null where the model has none. */
  see(image: Pixels): Promise<Seen | null>;
  /** The velocity field of a target, given each item's segments and the images that all items have before their eyes. */
  condition(prompts: readonly Segments[], images: readonly ConditionImage[]): Conditioned;
}
