/** What was typed cannot be used, or what was asked for failed: a sentence without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Pixels as `256x384`. @throws UsageError */
export function readSize(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width === undefined) throw new UsageError(`Expected --size to be like 256x384 but received ${text}.`);
  return { width: Number(width), height: Number(height) };
}
