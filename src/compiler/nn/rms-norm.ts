import type { Value } from '../onnx/graph.js';
import type { Kernel, ResidualNormArguments, ResidualNormResult, RmsNormArguments } from '../targets/target.js';
import type { Weights } from '../weights.js';
import { choose } from './choose.js';

/** x / √(mean(x²) + ε) · gain, over the last axis; times a factor [B, 1, D] or [B, S, D], where there is one. */
export function rmsNorm(w: Weights, x: Value, eps: number, factor: Value | null = null): Value {
  return choose(w.op.graph, w.op.lowering.kernels.rmsNorm, { w, x, eps, factor });
}

/** The norm after a sublayer, its residual sum, and the norm before the next sublayer. */
export function residualNorm(w: Weights, args: ResidualNormArguments): ResidualNormResult {
  return choose(w.op.graph, w.op.lowering.kernels.residualNorm, args);
}

const gainOf = ({ w, x }: RmsNormArguments) => w.get('weight', [x.shape.at(-1) as number], x.type);

/** The factor is multiplied into the gain: a product of two rows instead of a pass over the whole sequence. */
export const gainNorm: Kernel<RmsNormArguments> = {
  name: 'SimplifiedLayerNormalization of gain·factor',
  // The operator takes one gain an item, not one a token.
  supports: ({ factor }) => factor !== null && factor.shape[1] === 1,
  emit: (args) =>
    args.w.op.rmsNorm(args.x, args.w.op.mul(gainOf(args), args.w.op.cast(args.factor!, args.x.type)), args.eps),
};

/** The factor is multiplied onto the normed sequence. */
export const factorNorm: Kernel<RmsNormArguments> = {
  name: 'SimplifiedLayerNormalization',
  emit(args) {
    const { w, x, eps, factor } = args;
    const normed = w.op.rmsNorm(x, gainOf(args), eps);
    return factor === null ? normed : w.op.mul(normed, w.op.cast(factor, x.type));
  },
};

/** Norm, sum and norm as operators of their own. */
export const separateResidualNorm: Kernel<ResidualNormArguments, ResidualNormResult> = {
  name: 'separate residual and norms',
  emit({ x, h, after, before }) {
    const { op } = (after ?? before!).w;
    const added = after === null ? h : rmsNorm(after.w, h, after.eps, after.factor);
    const sum = op.add(x, op.cast(added, x.type));
    return { sum, normed: before === null ? null : rmsNorm(before.w, sum, before.eps, before.factor) };
  },
};
