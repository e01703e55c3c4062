import { CheckpointError } from '../../checkpoint/index.js';
import { LoraError } from '../models/loras.js';
import { FilesChanged, NonFinite } from '../problems.js';
import { TooLittleMemory } from '../runtime/residency.js';
import type { Failure } from './messages.js';

/** An error as data, which the host makes an error of again. */
export function describe(error: unknown): Failure {
  if (error instanceof NonFinite) return { kind: 'non-finite', message: error.message, step: error.step };
  if (error instanceof FilesChanged) return { kind: 'changed', what: error.what };
  if (error instanceof CheckpointError || error instanceof LoraError || error instanceof TooLittleMemory)
    return { kind: 'unusable', name: error.name, message: error.message, fault: error.fault };
  if (error instanceof Error) return { kind: 'error', name: error.name, message: error.message };
  return { kind: 'error', name: 'Error', message: String(error) };
}
