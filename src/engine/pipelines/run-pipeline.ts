import type { EngineJob, EngineResult } from '../engine.js';
import type { FaceDetector } from '../image/faces.js';
import type { ZImage } from '../models/z-image.js';
import { edit } from './edit.js';
import { generate } from './generate.js';
import { instructionEdit } from './instruction-edit.js';
import type { ProgressReporter } from './progress-reporter.js';
import { refine } from './refine.js';

/**
 * Does what a job asks for: one pipeline an operation.
 *
 * @param faces null where the settings name no face detector
 */
export function runPipeline(
  model: ZImage,
  job: EngineJob,
  reporter: ProgressReporter,
  faces: FaceDetector | null,
): Promise<EngineResult> {
  if (job.operation === 'GENERATE') return generate(model, job, reporter);
  if (job.operation === 'REFINE') return refine(model, job, reporter, faces);
  return job.mode === 'INSTRUCTION' ? instructionEdit(model, job, reporter) : edit(model, job, reporter);
}
