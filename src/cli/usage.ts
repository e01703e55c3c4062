/** What was typed cannot be used: a sentence without a stack, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for failed: a sentence without a stack, and exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** Pixels as `256x384`. @throws UsageError */
export function readSize(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width === undefined) throw new UsageError(`Expected --size to be like 256x384 but received ${text}.`);
  return { width: Number(width), height: Number(height) };
}

/** @throws UsageError */
export function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`Expected ${option} to be a number but received ${text}.`);
}

/** @throws UsageError */
export function whole(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`Expected ${option} to be a whole number from ${least} to ${most} but received ${text}.`);
}
