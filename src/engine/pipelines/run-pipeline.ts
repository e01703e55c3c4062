import type { EngineJob, Made } from '../engine.js';
import type { FaceDetector } from '../image/faces.js';
import type { ZImage } from '../models/z-image.js';
import { edit } from './edit.js';
import { generate } from './generate.js';
import { instructionEdit } from './instruction-edit.js';
import type { Watch } from './progress-reporter.js';
import { refine } from './refine.js';

/**
 * Does what a job asks for: one pipeline an operation.
 *
 * @param faces null where the settings name no face detector
 */
export function make(model: ZImage, job: EngineJob, watch: Watch, faces: FaceDetector | null): Promise<Made> {
  if (job.operation === 'GENERATE') return generate(model, job, watch);
  if (job.operation === 'REFINE') return refine(model, job, watch, faces);
  return job.mode === 'INSTRUCTION' ? instructionEdit(model, job, watch) : edit(model, job, watch);
}
