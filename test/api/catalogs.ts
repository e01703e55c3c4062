import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { graphql, type Program, startProgram } from '../program.js';

const fixtures = join(import.meta.dirname, '..', 'parity', 'fixtures', 'checkpoints');
const work = mkdtempSync(join(tmpdir(), 'inkstone-catalogs-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const running: Program[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop()));
});

let made = 0;
export function newFolder(): string {
  const folder = join(work, `${made++}`);
  mkdirSync(folder);
  return folder;
}

/** A copy of the tiny checkpoint that may be changed. */
export function tinyCopy(): string {
  const folder = join(newFolder(), 'tiny');
  cpSync(join(fixtures, 'tiny-turbo'), folder, { recursive: true });
  return folder;
}

export interface Listed {
  readonly id: string;
  readonly checkpoint: string;
  /** A file or folder of low-rank weights. */
  readonly adapter?: string;
  /** Files by id. */
  readonly loras?: Readonly<Record<string, string>>;
}

/** A catalog of checkpoints in the diffusers layout. */
export function catalogOf(...models: readonly Listed[]): string {
  const file = join(newFolder(), 'catalog.json');
  const entries = models.map(({ id, checkpoint, adapter, loras = {} }) => ({
    ...{ id, name: id, family: 'z-image', operations: ['GENERATE', 'EDIT', 'REFINE'], editModes: ['STRENGTH'] },
    components: {
      transformer: join(checkpoint, 'transformer'),
      textEncoder: join(checkpoint, 'text_encoder'),
      tokenizer: join(checkpoint, 'tokenizer'),
      vae: join(checkpoint, 'vae'),
      scheduler: join(checkpoint, 'scheduler'),
      ...(adapter === undefined ? {} : { adapter }),
    },
    defaults: { width: 64, height: 64, steps: 2, guidance: 0 },
    limits: { minSide: 64, maxSide: 512, maxPixels: 262144, maxPromptTokens: 512 },
    ...{ supportsGuidance: false, supportsNegativePrompt: false },
    loras: Object.entries(loras).map(([lora, path]) => ({ id: lora, name: lora, description: '', file: path })),
  }));
  writeFileSync(file, JSON.stringify({ models: entries }));
  return file;
}

/** The program with a catalog, until the test ends. */
export async function serving(catalog: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const program = await startProgram({ env: { MODELS_CATALOG: catalog, CHECKPOINTS: '', LOG_LEVEL: 'warn', ...env } });
  running.push(program);
  return program;
}

export interface Answer {
  readonly __typename: string;
  readonly cache?: string;
  readonly status?: string;
  readonly images?: readonly { readonly sha256: string; readonly fingerprint: string }[];
  readonly problem?: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
}

const answer = `__typename
  ... on Generation { cache status images { sha256 fingerprint } problem { code message retryable } }
  ... on Problem { code message retryable }`;

export async function draw({ url }: Program, input: Record<string, unknown> = {}): Promise<Answer> {
  const query = `mutation ($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ${answer} } }`;
  const { generate } = await graphql<{ generate: Answer }>(url, query, { i: { prompt: 'a dog', seed: 1, ...input } });
  return generate;
}

/** What is offered: models with their LoRAs. */
export async function offered({ url }: Program): Promise<Readonly<Record<string, readonly string[]>>> {
  const { models } = await graphql<{ models: { name: string; loras: { key: string }[] }[] }>(
    url,
    '{ models { name loras { key } } }',
  );
  return Object.fromEntries(models.map(({ name, loras }) => [name, loras.map(({ key }) => key)]));
}
