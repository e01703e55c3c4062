import { factorNorm, gainNorm } from '../nn/rms-norm.js';
import { float32 } from './cpu.js';
import type { Target } from './target.js';

export const cuda: Target = {
  transformer: {
    ...float32,
    compute: 'bfloat16',
    residual: 'bfloat16',
    kernels: { ...float32.kernels, rmsNorm: [gainNorm, factorNorm] },
  },
  // Small beside the transformer, and visibly better in full precision. (ONNX Runtime has no bfloat16 convolution at this opset.)
  autoencoder: float32,
};
