import type { EditJob, GenerateJob, RefineJob } from '../engine/job.js';

/** What an engine is to do, as plain JSON: pictures go by the names under which they are stored. */
export type Work = GenerateJob | Stored<EditJob> | Stored<RefineJob>;

type Stored<J> = { readonly [Field in keyof J]: Field extends keyof StoredFields ? StoredFields[Field] : J[Field] };

interface StoredFields {
  readonly source: string;
  readonly references: readonly string[];
  readonly mask: string | null;
}
