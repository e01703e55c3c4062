import type { Pixels } from '../engine.js';
import type { Tensor } from '../runtime/tensor.js';
import type { VisionFeatures } from './image-encoder.js';
import type { NoisePredictor } from './noise-predictor.js';
import type { ConditionImage, Segments } from './omni.js';

/** How a model makes images after references, as a prompt says. */
export interface ReferenceConditioning {
  /** The embedding [L, D] of a part of the turn, as it stands. */
  encodeSegment(text: string): Promise<Tensor>;
  /** What the image encoder makes of an image; null where the model has none. */
  encodeVision(image: Pixels): Promise<VisionFeatures | null>;
  /** The predictor of a target, given each item's segments and the references that all items share. */
  referencePredictor(prompts: readonly Segments[], images: readonly ConditionImage[]): NoisePredictor;
}
