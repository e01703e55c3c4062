import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../environment/package-root.js';
import { setting, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const engineSection = {
  title: 'Engine and models',
  schema: z.object({
    ENGINE_DEVICE: setting(
      z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
      'What computes. `auto` is CUDA where it is there, else the CPU.',
    ),
    ENGINE_THREADS: setting(
      whole(1, 1024).default(() => availableParallelism()),
      'Threads of one operator.',
      { default: 'all processors' },
    ),
    ENGINE_MEMORY: setting(
      whole(1).default(() => Math.floor(process.availableMemory() * 0.8)),
      'Memory that models and their work may take together. What does not fit together is loaded in turn, and what was used longest ago leaves. The process itself takes some 120 MB more.',
      { unit: 'bytes', default: '80 % of what is free at the start' },
    ),
    PROMPT_CACHE_BYTES: setting(
      whole(0).default(64 * 2 ** 20),
      "Memory for encoded prompts, beside `ENGINE_MEMORY`: a 6-billion-parameter model's take up to 5 MB each. 0 keeps none.",
      { unit: 'bytes' },
    ),
    PRECISION_CLASS: setting(
      z
        .string()
        .regex(/^[a-z0-9+._-]{1,32}$/, 'expected up to 32 lower-case letters, digits and + . _ -')
        .optional(),
      'What images of this machine have their precision from, a part of their fingerprints. Machines that are set to the same word answer for one another: set it where devices differ but their last bits may too.',
      { default: 'the device' },
    ),
    ENGINE_BATCH: setting(
      whole(1, 64).nullable().default(null),
      'Items of one call of the model, at most, of which a guided image is two; fewer where memory is short.',
      { default: 'what suits the device' },
    ),
    FACE_DETECTOR: setting(
      z
        .string()
        .transform((file) => resolve(file))
        .optional(),
      "An ONNX file in UltraFace's format (`version-RFB-320.onnx` is one), so that a refinement finds faces too. Left out, texture and lettering are found alone.",
    ),
    ENGINE_WATCHDOG_MS: setting(
      whole(100).default(120_000),
      'Silence of a working engine after which it is started again. One call of the model, and the loading of one part, must fit.',
      { unit: 'milliseconds' },
    ),
    ENGINE_PING_MS: setting(
      whole(100, 600_000).default(5000),
      'How often an idle engine is asked whether it lives. One that has not answered by the next time is started again.',
      { unit: 'milliseconds' },
    ),
    JOB_DEADLINE_MS: setting(whole(100).default(600_000), 'Time that one job may take for each of its images.', {
      unit: 'milliseconds',
    }),
    MODELS_CATALOG: setting(
      z.string().default(() => join(packageRoot(), 'models', 'catalog.json')),
      'The file that lists the models.',
      { default: '`models/catalog.json` of the program' },
    ),
    CHECKPOINTS: setting(
      z.string().default('').transform(paths),
      'Checkpoints before the models of the catalog, so that the first is the default: folders in the diffusers layout, or safetensors files of transformers as ComfyUI keeps them. Separated as in PATH, by `:` (`;` on Windows).',
    ),
  }),
};

export type EngineConfig = z.infer<typeof engineSection.schema>;

function paths(list: string): string[] {
  return list
    .split(delimiter)
    .filter((path) => path !== '')
    .map((path) => resolve(path));
}
