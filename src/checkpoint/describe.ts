import { factorsOf } from './lora/adapter.js';
import { type OpenOptions, open } from './open.js';

/** What a component holds. */
export interface Description {
  readonly tensors: number;
  readonly bytes: number;
  /** Element types, each once. */
  readonly types: readonly string[];
}

/**
 * What a component holds, for people. The factors of a low-rank adapter are counted too.
 *
 * @throws CheckpointError
 */
export function describeComponent(location: string, options: OpenOptions = {}): Description {
  const component = open(location, options);
  const tensors = [...component.tensors.values(), ...factorsOf(component.adapter)];
  return {
    tensors: tensors.length,
    bytes: tensors.reduce((sum, { length }) => sum + length, 0),
    types: [...new Set(tensors.map(({ type }) => type))],
  };
}
