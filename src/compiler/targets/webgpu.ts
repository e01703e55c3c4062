import { blockLinear, matmulLinear } from '../nn/linear.js';
import { separateSwiglu } from '../nn/swiglu.js';
import { float32 } from './cpu.js';
import type { Kernels, Lowering, Target } from './target.js';

/** A Gemm of the weight as it lies takes twice as long here as a MatMul of a transposed copy, which takes sequences as they are. */
const kernels: Kernels = { ...float32.kernels, linear: [blockLinear, matmulLinear], swiglu: [separateSwiglu] };
const single: Lowering = { ...float32, kernels };

export const webgpu: Target = {
  // Half precision ends at 65504, which this family's feed-forwards and residual stream pass: unscaled it draws black images.
  transformer: { ...single, compute: 'float16', downScale: 1 / 128 },
  autoencoder: single,
};

export const webgpuFloat32: Target = { transformer: single, autoencoder: single };
