import type { Job } from '../domain/job.js';
import type { EngineJob, Mask, Pixels } from '../engine/engine.js';

/** The images that came with requests, by the names under which they are stored. */
export interface InputImageStore {
  /** Null where it is not there (any more). */
  read(id: string): Promise<Pixels | null>;
  readMask(id: string): Promise<Mask | null>;
}

/** Between a job's beginning to wait and its turn, newer images took the place of its own. */
export class SourceGone extends Error {
  override readonly name = 'SourceGone';
  constructor() {
    super('The image to be changed had to make room before its turn came. Send the request again.');
  }
}

/** What an engine gets for images that share a model call, input images included. @throws SourceGone */
export async function engineJob(
  jobs: readonly Pick<Job, 'image' | 'inputs'>[],
  store: InputImageStore,
): Promise<EngineJob> {
  const [{ image, inputs }] = jobs as readonly [(typeof jobs)[number]];
  const { model, content, sampling, prompt, seed } = image;
  const common = { model, content, sampling, previews: true };
  if (image.operation === 'GENERATE') {
    const { operation, width, height } = image;
    const items = jobs.map(({ image: { prompt, seed } }) => ({ prompt, seed }));
    return { ...common, operation, width, height, items };
  }
  if (inputs === null) throw new Error(`Expected the inputs of a job that can ${image.operation} but received none.`);
  const read = async (id: string): Promise<Pixels> => present(await store.read(id));
  const readMask = async (id: string | null) => (id === null ? null : present(await store.readMask(id)));
  const [source, mask] = await Promise.all([read(inputs.source), readMask(inputs.mask)]);
  const fromImage = { ...common, prompt, seed, source, mask };
  if (image.operation === 'REFINE') {
    const { operation, regions, regionDetector, strength } = image;
    return { ...fromImage, operation, regions, regionDetector, strength };
  }
  const { operation, mode, strength } = image;
  return { ...fromImage, operation, mode, strength, references: await Promise.all(inputs.references.map(read)) };
}

function present<T>(found: T | null): T {
  if (found === null) throw new SourceGone();
  return found;
}
