// Each `compile…` compiles one component of a checkpoint and throws a CheckpointError when it cannot be used. What goes into its graphs
// and comes out of them is told where each is built (models/).

export type { CompiledGraph, CompileOptions, TensorSpec } from './compiled.js';
export {
  compileDecoder as compileVaeDecoder,
  compileEncoder as compileVaeEncoder,
} from './models/autoencoder-kl.js';
export type { VaeConfig } from './models/autoencoder-kl-parts.js';
export { type CompiledRowStep, compileRows as compileVaeRows } from './models/autoencoder-kl-rows.js';
export {
  compileDecoder as compileTinyDecoder,
  compileEncoder as compileTinyEncoder,
  type TinyAutoencoderConfig,
} from './models/autoencoder-tiny.js';
export { compile as compileTextEncoder, type TextEncoderConfig } from './models/qwen3.js';
export { compile as compileImageEncoder, type ImageEncoderConfig } from './models/siglip2.js';
export type { TransformerConfig } from './models/z-image-config.js';
export { checkLora, linearShapes } from './models/z-image-layers.js';
export { compile as compileOmniTransformer } from './models/z-image-omni.js';
export { compile as compileTransformer } from './models/z-image-transformer.js';
/** For graphs that no checkpoint has, such as a benchmark's. */
export { Graph } from './onnx/graph.js';
