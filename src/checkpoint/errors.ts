/** Why files cannot be used, without their paths: what clients are told. */
export type Fault = 'missing' | 'damaged' | 'changing' | 'too large' | 'unsuitable';

/** A checkpoint that cannot be used: one sentence that names the file, the tensor or field, what was expected and what is there. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';

  constructor(
    message: string,
    /** Unsuitable is what is whole but not made for what is asked of it. */
    readonly fault: Fault = 'unsuitable',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
