import { plainConv } from '../nn/conv.js';
import { instanceGroupNorm } from '../nn/group-norm.js';
import { blockLinear, gemmLinear } from '../nn/linear.js';
import { factorNorm, separateResidualNorm } from '../nn/rms-norm.js';
import { multiHeadAttention } from '../nn/self-attention.js';
import { rowSwiglu } from '../nn/swiglu.js';
import type { Kernels, Lowering, Target } from './target.js';

export const cpuKernels: Kernels = {
  linear: [blockLinear, gemmLinear],
  // A gain that changes at every step was measured to be slower here than a product over the sequence.
  rmsNorm: [factorNorm],
  residualNorm: [separateResidualNorm],
  selfAttention: [multiHeadAttention],
  swiglu: [rowSwiglu],
  groupNorm: [instanceGroupNorm],
  conv: [plainConv],
};

export const float32: Lowering = { compute: 'float32', residual: 'float32', downScale: 1, kernels: cpuKernels };

export const cpu: Target = { transformer: float32, autoencoder: float32 };
