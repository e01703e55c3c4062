import { CheckpointError } from '../../checkpoint/index.js';

type Parts = Readonly<Record<string, () => unknown>>;
type Read<P extends Parts> = { readonly [Name in keyof P]: ReturnType<P[Name]> };

/** Several parts of a checkpoint cannot be used: the message is one sentence for each. */
export class CheckpointErrors extends CheckpointError {
  constructor(readonly errors: readonly CheckpointError[]) {
    super(errors.map(({ message }) => message).join(' '), errors[0]!.fault);
  }
}

/**
 * Reads all parts, so that the error names everything that is wrong with a checkpoint and not only the first part.
 *
 * @throws CheckpointError
 */
export function each<P extends Parts>(parts: P): Read<P> {
  const errors = new Map<string, CheckpointError>();
  const read = Object.entries(parts).map(([name, part]) => {
    try {
      return [name, part()];
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      // Parts of one folder say the same of it.
      errors.set(error.message, error);
      return [name, null];
    }
  });
  if (errors.size > 1) throw new CheckpointErrors([...errors.values()]);
  for (const error of errors.values()) throw error;
  return Object.fromEntries(read) as Read<P>;
}
