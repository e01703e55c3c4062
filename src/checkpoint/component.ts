import { relative, sep } from 'node:path';
import type { StoredTensor } from './formats/safetensors.js';
import type { Adapter } from './lora/adapter.js';

/** What a layout finds at a component's location. No weight has been read. */
export interface Contents {
  /** The file that complaints about the configuration name. */
  readonly configFile: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** By the names of diffusers, or of transformers for the encoders. Their files are real ones, links followed. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** A part of a checkpoint, such as its transformer: its configuration and where its tensors lie. No weight has been read. */
export interface Component extends Contents {
  /** The folder or file that it was opened from. */
  readonly location: string;
  /** What is added to the weights; null where they are used as they lie. */
  readonly adapter: Adapter | null;
  /** A real folder that holds every file of weights; ONNX Runtime reads nothing outside it. */
  readonly weightsFolder: string;
}

/** The path of a tensor's file as seen from the component's weights folder, in the form ONNX has it. */
export function externalLocation({ weightsFolder }: Component, { file }: StoredTensor): string {
  return relative(weightsFolder, file).split(sep).join('/');
}
