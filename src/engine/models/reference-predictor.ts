import type { Pixels } from '../engine.js';
import type { Tensor } from '../runtime/tensor.js';
import type { Seen } from './image-encoder.js';
import type { Conditioned } from './noise-predictor.js';
import type { ConditionPicture, Segments } from './omni.js';

/** How a model makes pictures after others, as words say. */
export interface Instructed {
  /** The embedding [L, D] of a part of the turn, as it stands. */
  encodeSegment(text: string): Promise<Tensor>;
  /** What the image encoder sees; null where the model has none. */
  see(picture: Pixels): Promise<Seen | null>;
  /** The velocity field of a target, given each item's segments and the pictures that all items have before their eyes. */
  condition(prompts: readonly Segments[], pictures: readonly ConditionPicture[]): Conditioned;
}
