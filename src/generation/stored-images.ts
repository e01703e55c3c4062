import type { Sources } from '../inputs/sources.js';
import type { Given } from './resolved-request.js';

/** Under which names the pictures that came with a request are stored. */
export interface StoredPictures {
  readonly source: string;
  readonly references: readonly string[];
  readonly mask: string | null;
}

/** Makes the pictures that came with a request durable, so that a job can name them. */
export async function storePictures(
  { source, references, mask }: Given,
  sources: Pick<Sources, 'keep' | 'keepMask'>,
): Promise<StoredPictures> {
  const [stored, storedMask, ...others] = await Promise.all([
    sources.keep(source),
    mask === null ? null : sources.keepMask(mask),
    ...references.map((reference) => sources.keep(reference)),
  ]);
  return { source: stored, mask: storedMask, references: others };
}
