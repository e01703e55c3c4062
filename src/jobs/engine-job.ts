import type { Work } from '../domain/work.js';
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

/** What an engine gets for images that share a forward, input images included. @throws SourceGone */
export async function engineJob(works: readonly Work[], inputs: InputImageStore): Promise<EngineJob> {
  const [work] = works;
  const previews = true;
  if (work!.operation === 'GENERATE') {
    const { prompt: _prompt, negativePrompt: _negative, seed: _seed, ...common } = work!;
    return {
      ...common,
      previews,
      items: works.map(({ prompt, negativePrompt, seed }) => ({ prompt, negativePrompt, seed })),
    };
  }
  const image = async (id: string): Promise<Pixels> => there(await inputs.read(id));
  const maskOf = async (id: string | null) => (id === null ? null : there(await inputs.readMask(id)));
  const [source, mask] = await Promise.all([image(work!.source), maskOf(work!.mask)]);
  if (work!.operation === 'REFINE') return { ...work!, previews, source, mask };
  return { ...work!, previews, source, mask, references: await Promise.all(work!.references.map(image)) };
}

function there<T>(found: T | null): T {
  if (found === null) throw new SourceGone();
  return found;
}
