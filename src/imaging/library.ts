import sharp from 'sharp';

/** One thread a picture: many are made at once, and an engine on the same CPU needs the cores. */
sharp.concurrency(1);
/** libvips' own cache keeps pictures that nobody asks for twice; ours is bounded in bytes. */
sharp.cache(false);

export { sharp };

/** Changes with everything that changes encoded bytes. */
export const encoderVersion = `sharp ${sharp.versions.sharp ?? ''} vips ${sharp.versions.vips}`;

/**
 * How many variants are made at once. The thread pool has four threads, which look after files and finished pictures too:
 * neither a repeat of a request nor a preview waits until somebody's AVIF is done.
 */
const atOnce = 2;
let working = 0;
const waiting: (() => void)[] = [];

/** Runs `work` when there is room on the thread pool. */
export async function whenRoom<T>(work: () => Promise<T>): Promise<T> {
  if (working >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else working++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place is handed over, not given back, so that nobody slips in between.
    if (next === undefined) working--;
    else next();
  }
}
