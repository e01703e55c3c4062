import type { Queue } from '../jobs/queue.js';
import type { Clock } from './clock.js';
import type { Disk } from './disk.js';
import type { ProgressLog } from './progress-log.js';
import type { Records } from './records.js';
import type { Reader } from './request/reader.js';
import type { Sources } from './sources/sources.js';
import type { GenerationStore } from './store/generation-store.js';
import type { Generation } from './types.js';
import type { Variants } from './variants.js';

/** What the use cases are put together from. */
export interface StudioParts {
  readonly reader: Reader;
  readonly sources: Pick<Sources, 'keep' | 'keepMask' | 'forRequest'>;
  readonly records: Records;
  readonly store: GenerationStore;
  readonly disk: Pick<Disk, 'writable' | 'look' | 'close'>;
  readonly queue: Queue;
  readonly progress: ProgressLog;
  readonly variants: Variants;
  readonly clock: Clock;
  readonly waitLimitMs: number;
  /** That a job may take for each of its images. */
  readonly deadlineMs: number;
  /** Ids of the models in some engine's memory. */
  readonly loaded: () => ReadonlySet<string>;
  /** For failures that nobody expected: clients hear nothing but that. */
  readonly unexpected: (error: unknown, generation: string) => void;
  /** Told of every generation that has ended, and of the trace that it belongs to. */
  readonly ended: (generation: Generation, traceId: string | null) => void;
  readonly closeStores: () => Promise<void>;
}
