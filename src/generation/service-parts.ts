import type { Clock } from '../environment/clock.js';
import type { Variants } from '../images/variants.js';
import type { Sources } from '../inputs/sources.js';
import type { Queue } from '../jobs/queue.js';
import type { Disk } from '../stores/disk/disk.js';
import type { GenerationStore } from '../stores/generations/generation-store.js';
import type { Records } from '../stores/generations/image-records.js';
import type { ProgressLog } from '../stores/progress/progress-log.js';
import type { Ownership } from './ownership/ownership.js';
import type { RequestContext } from './request/reader.js';
import type { Generation } from './types.js';

/** What the use cases are put together from. */
export interface ServiceParts {
  readonly requestContext: RequestContext;
  readonly sources: Pick<Sources, 'store' | 'storeMask' | 'forRequest'>;
  readonly records: Records;
  readonly store: GenerationStore;
  readonly disk: Pick<Disk, 'writable' | 'look' | 'close'>;
  readonly queue: Queue;
  readonly progress: ProgressLog;
  readonly ownership: Ownership;
  readonly variants: Variants;
  readonly clock: Clock;
  readonly waitLimitMs: number;
  /** That a job may take for each of its images. */
  readonly deadlineMs: number;
  /** Ids of the models in some engine's memory. */
  readonly loaded: () => ReadonlySet<string>;
  /** Logs a failure that is a fault of this program: clients only learn that there was one. */
  readonly unexpected: (error: unknown, generation: string) => void;
  /** Called with every generation that has ended, and with its trace. */
  readonly ended: (generation: Generation, traceId: string | null) => void;
  /** A subscription is read until what this returns is called. */
  readonly subscribed: () => () => void;
  /** A sentence that says what the queue needs and does not answer; null where all does. */
  readonly away: () => Promise<string | null>;
  readonly closeStores: () => Promise<void>;
}
