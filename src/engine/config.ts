import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { unlessEmpty, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const engineSection = {
  schema: z.object({
    /** `auto` is CUDA where it is there, else the CPU. */
    ENGINE_DEVICE: unlessEmpty(z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto')),
    /** Threads of one operator. */
    ENGINE_THREADS: unlessEmpty(whole(1, 1024).default(() => availableParallelism())),
    /**
     * Bytes that models and their working memory may take together. What does not fit together is loaded in turn, and what was used
     * longest ago leaves. The process itself takes some 120 MB more. Left out, most of the free memory.
     */
    ENGINE_MEMORY: unlessEmpty(whole(1).default(() => Math.floor(process.availableMemory() * 0.8))),
    /** Bytes of encoded prompts, beside ENGINE_MEMORY: a 6-billion-parameter model's take up to 5 MB each. 0 keeps none. */
    PROMPT_CACHE_BYTES: unlessEmpty(whole(0).default(64 * 2 ** 20)),
    /** Items of one forward, at most, of which a guided picture is two; fewer where memory is short. Left out, what suits the device. */
    ENGINE_BATCH: unlessEmpty(whole(1, 64).nullable().default(null)),
    /** An ONNX file of UltraFace's format (see faces.ts) that finds faces to refine. Left out, texture and lettering are found alone. */
    FACE_DETECTOR: unlessEmpty(
      z
        .string()
        .transform((file) => resolve(file))
        .optional(),
    ),
    /** An engine that says nothing for so many milliseconds while it works is ended; one forward, and the loading of one part, must fit. */
    ENGINE_WATCHDOG_MS: unlessEmpty(whole(100).default(120_000)),
    /** Milliseconds that one job may take for each of its pictures. */
    JOB_DEADLINE_MS: unlessEmpty(whole(100).default(600_000)),
    /** The file that lists the models. */
    MODELS_CATALOG: unlessEmpty(z.string().default(() => join(packageRoot(), 'models', 'catalog.json'))),
    /** More checkpoint folders in the diffusers layout, separated as in PATH. */
    CHECKPOINTS: unlessEmpty(z.string().transform(paths).default([])),
  }),
};

export type EngineConfig = z.infer<typeof engineSection.schema>;

function paths(list: string): string[] {
  return list
    .split(delimiter)
    .filter((path) => path !== '')
    .map((path) => resolve(path));
}

/** The folder of package.json, from the sources as from the build. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
