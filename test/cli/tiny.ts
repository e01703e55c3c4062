import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type RunOptions, runProgram } from '../program.js';

export const tiny = join(import.meta.dirname, '..', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo');

const folders = { transformer: 'transformer', textEncoder: 'text_encoder', tokenizer: 'tokenizer', vae: 'vae' };
const components = { ...folders, scheduler: 'scheduler' };

/** A catalog entry of a model that draws 64×64 in an instant. */
export const tinyEntry = {
  ...{ id: 'tiny', name: 'Tiny', family: 'z-image', operations: ['GENERATE', 'EDIT', 'REFINE'] },
  components: Object.fromEntries(Object.entries(components).map(([name, folder]) => [name, join(tiny, folder)])),
  editModes: ['INPAINT', 'STRENGTH'],
  defaults: { width: 64, height: 64, steps: 4, guidance: 0 },
  limits: { minSide: 64, maxSide: 512, maxPixels: 262144, maxPromptTokens: 512 },
  ...{ supportsGuidance: false, supportsNegativePrompt: false },
};

/** A folder of its own in which commands run with that model alone; it is removed after the file's tests. */
export function openFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-commands-'));
  const catalog = join(folder, 'catalog.json');
  writeFileSync(catalog, JSON.stringify({ models: [tinyEntry] }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const inkstone = (args: readonly string[], input: NonNullable<RunOptions['input']> = '') =>
    runProgram(args, { cwd: folder, env: { MODELS_CATALOG: catalog }, input });
  return { folder, inkstone };
}
