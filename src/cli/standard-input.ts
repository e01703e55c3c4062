import { buffer } from 'node:stream/consumers';
import { UsageError } from './usage.js';

/** Which argument took standard input: it can be read only once. */
let taken: string | null = null;

/** All bytes of standard input. @param argument that was `-` @throws UsageError where another one was, too */
export async function standardInput(argument: string): Promise<Buffer<ArrayBuffer>> {
  if (taken !== null)
    throw new UsageError(`Expected "-" in one place but received it for ${taken} and for ${argument}.`);
  taken = argument;
  return Buffer.from(await buffer(process.stdin));
}

/** A prompt as it was typed, or every line of standard input for `-`. Empty lines count for nothing. @throws UsageError */
export async function readPrompts(argument: string, typed: string): Promise<readonly string[]> {
  if (typed !== '-') return [typed];
  const lines = (await standardInput(argument)).toString('utf8').split(/\r?\n/);
  const prompts = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (prompts.length === 0)
    throw new UsageError(`Expected ${argument} on standard input, one a line, but received none.`);
  return prompts;
}
