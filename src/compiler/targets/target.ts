import type { GroupNormStats } from '../nn/group-norm.js';
import type { Rope } from '../nn/rope.js';
import type { Dim, ElementType, Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';

/** How graphs are lowered on a device, so that the models are written once. */
export interface Target {
  /** Of the transformer, the text encoder and the image encoder. */
  readonly transformer: Lowering;
  /** Of the autoencoders. */
  readonly autoencoder: Lowering;
}

/** Precisions and kernels of one component on one device. */
export interface Lowering {
  /** Precision of matrix products and what feeds them. */
  readonly compute: ElementType;
  /** Precision of the residual stream, which grows from block to block. */
  readonly residual: ElementType;
  /** Factor on the input of a feed-forward's down-projection; the norm that follows undoes it. */
  readonly downScale: number;
  readonly kernels: Kernels;
}

/** One way of computing an operation. */
export interface Kernel<Arguments, Result = Value> {
  /** What a report calls it. */
  readonly name: string;
  /** Whether it computes these arguments; left out, it computes all. */
  readonly supports?: (args: Arguments) => boolean;
  readonly emit: (args: Arguments) => Result;
}

/** In the order of preference: the first that supports the arguments is taken, so the last should support all. */
export type Choices<Arguments, Result = Value> = readonly Kernel<Arguments, Result>[];

/** The operations that devices lower in ways of their own. */
export interface Kernels {
  readonly linear: Choices<LinearArguments>;
  readonly rmsNorm: Choices<RmsNormArguments>;
  readonly residualNorm: Choices<ResidualNormArguments, ResidualNormResult>;
  readonly selfAttention: Choices<SelfAttentionArguments>;
  readonly swiglu: Choices<SwigluArguments>;
  readonly groupNorm: Choices<GroupNormArguments>;
  readonly conv: Choices<ConvArguments>;
}

/** x·Wᵀ + b over the last axis of x [N, in] or [B, S, in], with W [out, in] as a checkpoint has it. */
export interface LinearArguments {
  readonly w: Weights;
  readonly x: Value;
  readonly out: number;
  readonly bias: boolean;
}

/** x / √(mean(x²) + ε) · gain · factor over the last axis of x [B, S, D]. */
export interface RmsNormArguments {
  readonly w: Weights;
  readonly x: Value;
  readonly eps: number;
  /** [B, 1, D], or [B, S, D] where tokens have factors of their own; null is 1. */
  readonly factor: Value | null;
}

/** A root-mean-square norm that stands beside a residual sum. */
export type NormAt = Omit<RmsNormArguments, 'x'>;

/** sum = x + after(h), normed = before(sum): the norm after a sublayer, its residual, and the norm before the next. */
export interface ResidualNormArguments {
  readonly x: Value;
  readonly h: Value;
  /** Null where the sublayer's result is added as it is. */
  readonly after: NormAt | null;
  /** Null where no norm of the same block follows. */
  readonly before: NormAt | null;
}

export interface ResidualNormResult {
  /** In the precision of x. */
  readonly sum: Value;
  /** In the precision of x; null where none was asked for. */
  readonly normed: Value | null;
}

/** softmax(qkᵀ/√d + bias)·v with normed and rotated queries and keys. [B, S, heads·D] */
export interface SelfAttentionArguments {
  /** [B, S, heads·D]. */
  readonly q: Value;
  /** [B, S, kvHeads·D]: each of them serves heads / kvHeads heads of queries. */
  readonly k: Value;
  readonly v: Value;
  readonly heads: number;
  readonly kvHeads: number;
  /** Root-mean-square norms of each head: gains [D]. */
  readonly norms: { readonly q: Weights; readonly k: Weights; readonly eps: number };
  readonly rope: Rope;
  /** Whether neighbours are rotated together, or the halves of a head. */
  readonly interleaved: boolean;
  readonly causal: boolean;
  /** [B, 1, S, S], added to the scores. */
  readonly bias: Value | null;
}

/** down(silu(gate·x) ∘ up·x · scale) of x [B, S, D]. */
export interface SwigluArguments {
  readonly w: Weights;
  readonly x: Value;
  readonly inner: number;
  /** What a checkpoint calls the three matrices. */
  readonly names: { readonly gate: string; readonly up: string; readonly down: string };
  /** Keeps half precision from overflowing. */
  readonly scale: number;
}

/** Norm of groups of channels of x [B, C, H, W], then an affine map of each channel. */
export interface GroupNormArguments {
  readonly w: Weights;
  readonly x: Value;
  readonly groups: number;
  readonly stats: GroupNormStats;
}

/** A convolution over x [B, C, H, W]. */
export interface ConvArguments {
  readonly w: Weights;
  readonly x: Value;
  readonly out: number;
  readonly kernel: 1 | 3;
  readonly stride: 1 | 2;
  /** top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  /** Height and width of the result. */
  readonly size: readonly [Dim, Dim];
  readonly bias: boolean;
}
