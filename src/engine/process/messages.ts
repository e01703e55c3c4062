import type { Fault } from '../../checkpoint/index.js';
import type { ModelEntry } from '../../domain/model-entry.js';
import type { Seen } from '../../domain/seen.js';
import type { Device, DeviceChoice, EngineEvent, EngineJob, EngineResult } from '../engine.js';

/** What the host tells its process. `start` comes first and once. */
export type ToProcess =
  | { readonly type: 'start'; readonly settings: ProcessSettings }
  | { readonly type: 'run'; readonly id: number; readonly job: EngineJob; readonly seen: Seen | null }
  | { readonly type: 'load'; readonly id: number; readonly model: string }
  | { readonly type: 'abort'; readonly id: number }
  /** Answered by `alive`, at once where nothing is worked on. */
  | { readonly type: 'ping' };

export interface ProcessSettings {
  readonly catalog: readonly ModelEntry[];
  readonly device: 'auto' | Device;
  readonly threads: number;
  readonly memoryBudgetBytes: number;
  readonly promptCacheBytes: number;
  readonly maxBatch: number | null;
  readonly faceDetector?: string | undefined;
}

/** What the process answers. Every `run` and `load` ends in one `done` or `failed`; anything at all shows that it lives. */
export type FromProcess =
  | { readonly type: 'ready'; readonly choice: DeviceChoice }
  /** It cannot start, and ends. */
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'alive' }
  | { readonly type: 'event'; readonly id: number; readonly event: EngineEvent }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly loaded: readonly string[];
      readonly result: EngineResult | null;
    }
  | { readonly type: 'failed'; readonly id: number; readonly loaded: readonly string[]; readonly failure: Failure };

/** An error as data: classes do not survive the way between processes. */
export type Failure =
  | { readonly kind: 'aborted' }
  | { readonly kind: 'non-finite'; readonly message: string; readonly step: number }
  | { readonly kind: 'changed'; readonly what: string }
  | { readonly kind: 'unusable'; readonly name: string; readonly message: string; readonly fault: Fault }
  | { readonly kind: 'error'; readonly name: string; readonly message: string };
