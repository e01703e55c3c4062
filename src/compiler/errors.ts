/** A checkpoint that cannot be used: one sentence that names the file, the tensor or field, what was expected and what is there. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}
