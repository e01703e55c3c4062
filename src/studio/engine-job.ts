import type { EngineJob, Pixels } from '../engine/job.js';
import type { Work } from '../jobs/work.js';
import type { Sources } from './sources/sources.js';

/** Between a job's beginning to wait and its turn, newer pictures took the place of its own. */
export class SourceGone extends Error {
  override readonly name = 'SourceGone';
  constructor() {
    super('The picture to be changed had to make room before its turn came. Send the request again.');
  }
}

/** A job with its pictures, right before an engine gets it. @throws SourceGone */
export async function engineJob(work: Work, sources: Pick<Sources, 'read' | 'readMask'>): Promise<EngineJob> {
  if (work.operation === 'GENERATE') return work;
  const picture = async (id: string): Promise<Pixels> => there(await sources.read(id));
  const maskOf = async (id: string | null) => (id === null ? null : there(await sources.readMask(id)));
  const [source, mask] = await Promise.all([picture(work.source), maskOf(work.mask)]);
  if (work.operation === 'REFINE') return { ...work, source, mask };
  return { ...work, source, mask, references: await Promise.all(work.references.map(picture)) };
}

function there<T>(found: T | null): T {
  if (found === null) throw new SourceGone();
  return found;
}
