/** The parts of a job that an engine times. */
export type EngineStage = 'LOAD' | 'ENCODE_PROMPT' | 'ENCODE_IMAGE' | 'DENOISE' | 'DECODE';

/** All parts of a job that are timed. */
export type Stage = EngineStage | 'ENCODE_OUTPUT';

export interface StageTiming {
  readonly stage: Stage;
  readonly durationMs: number;
}
