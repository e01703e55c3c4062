import { concat, items, type Tensor } from '../runtime/tensor.js';
import type { Conditioned } from './noise-predictor.js';

/**
 * The field of a batch that may be larger than one forward: parts of nearly equal size are asked one after another, so that every
 * item makes the same step before any makes the next.
 *
 * @param condition the field of some of the prompts
 * @param most items of one forward, given the latents of all
 * @param pause called between parts; may throw, and so stop
 */
export function inParts<T>(
  prompts: readonly T[],
  condition: (prompts: readonly T[]) => Conditioned,
  most: (latents: Tensor) => number,
  pause: () => Promise<void>,
): Conditioned {
  let parts: { readonly from: number; readonly to: number; readonly field: Conditioned }[] | null = null;

  async function each(latents: Tensor, ask: (field: Conditioned, from: number, to: number) => Promise<Tensor>) {
    parts ??= ranges(prompts.length, most(latents)).map(([from, to]) => ({
      from,
      to,
      field: condition(prompts.slice(from, to)),
    }));
    const answers: Tensor[] = [];
    for (const { from, to, field } of parts) {
      if (from > 0) await pause();
      answers.push(await ask(field, from, to));
    }
    return concat(answers);
  }

  return {
    predict: (latents, times) =>
      each(latents, (field, from, to) => field.predict(items(latents, from, to), times.slice(from, to))),
    velocity: (x, sigma) => each(x, (field, from, to) => field.velocity(items(x, from, to), sigma)),
    release() {
      for (const { field } of parts ?? []) field.release();
      parts = null;
    },
  };
}

/** `count` items as the fewest ranges [from, to) of at most `most`, whose sizes differ by one at most. */
function ranges(count: number, most: number): readonly (readonly [number, number])[] {
  const parts = Math.max(1, Math.ceil(count / Math.max(1, most)));
  return Array.from(
    { length: parts },
    (_, i) => [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)] as const,
  );
}
