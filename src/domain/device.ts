/** What computes and, with WebGPU, in which precision: not every adapter has 16-bit floats. */
export type Device = 'cpu' | 'cuda' | 'webgpu' | 'webgpu-float32';
