import { CheckpointError } from './errors.js';
export function number(config: Readonly<Record<string, unknown>>, field: string): number {
  const value = config?.[field];
  if (typeof value !== 'number')
    throw new CheckpointError(`Expected a number for "${field}" but received ${JSON.stringify(value)}.`);
  return value;
}
