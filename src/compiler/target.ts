import type { ElementType } from './onnx/graph.js';

/** `webgpu-float32` is for adapters without 16-bit floats. */
export type Target = 'cpu' | 'cuda' | 'webgpu' | 'webgpu-float32';

/** How a device computes: decided here, so that the models are written once. */
export interface Lowering {
  /** Precision of matrix products and what feeds them. */
  readonly compute: ElementType;
  /** Precision of the residual stream, which grows from block to block. */
  readonly residual: ElementType;
  /** Whether a linear layer takes the weight as it lies ([out, in]) or a transposed copy. */
  readonly linear: 'gemm' | 'matmul';
  /** Factor on the input of a feed-forward's down-projection; the norm that follows undoes it. */
  readonly downScale: number;
  /** Whether SimplifiedLayerNormalization takes a gain [B, 1, D] beside [D]. */
  readonly itemGains: boolean;
  /** Whether linear layers take low-rank terms as inputs of the graph: `<layer>.lora_A` [R, in] and `<layer>.lora_B` [out, R]. */
  readonly lowRankInputs: boolean;
}

// On the CPU a gain that changes at every step was measured to be slower than a product over the sequence.
const float32: Lowering = {
  compute: 'float32',
  residual: 'float32',
  linear: 'gemm',
  downScale: 1,
  itemGains: false,
  lowRankInputs: false,
};

/** Of the transformer and the text encoder. */
export const lowerings: Readonly<Record<Target, Lowering>> = {
  cpu: float32,
  cuda: { ...float32, compute: 'bfloat16', residual: 'bfloat16', itemGains: true },
  // Half precision ends at 65504, which this family's feed-forwards and residual stream pass: unscaled it draws black pictures.
  webgpu: { ...float32, compute: 'float16', linear: 'matmul', downScale: 1 / 128 },
  'webgpu-float32': { ...float32, linear: 'matmul' },
};

/** Of the autoencoders: small beside the transformer, and visibly better in full precision. (CUDA has no bfloat16 convolution here.) */
export const autoencoderLowerings: Readonly<Record<Target, Lowering>> = {
  cpu: float32,
  cuda: float32,
  webgpu: { ...float32, linear: 'matmul' },
  'webgpu-float32': { ...float32, linear: 'matmul' },
};
