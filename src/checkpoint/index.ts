export type { Component } from './component.js';
export { contentHash, contentVersion, type FileHashes, type Look, statusOf } from './content-hash.js';
export { describeComponent } from './describe.js';
export { CheckpointError, type Fault } from './errors.js';
export { readFactors } from './lora/lora.js';
export type { LinearShapes } from './lora/names.js';
export { open } from './open.js';
export { type QuantiseOptions, quantiseComponent } from './quantise.js';
export { readSchedulerConfig } from './scheduler.js';
