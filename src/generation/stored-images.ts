import type { StoredInputs } from '../domain/job.js';
import type { Sources } from '../inputs/sources.js';
import type { InputImages } from './resolved-request.js';

/** Makes the images that came with a request durable, so that a job can name them. */
export async function storeInputs(
  { source, references, mask }: InputImages,
  sources: Pick<Sources, 'store' | 'storeMask'>,
): Promise<StoredInputs> {
  const [stored, storedMask, ...others] = await Promise.all([
    sources.store(source),
    mask === null ? null : sources.storeMask(mask),
    ...references.map((reference) => sources.store(reference)),
  ]);
  return { source: stored, mask: storedMask, references: others };
}
