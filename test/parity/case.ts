import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NdArray, readArrays } from './arrays.js';

/** One case of a parity folder: what the reference was asked, and what it gave. */
export interface Case {
  readonly name: string;
  readonly kind: string;
  /** Folder of the parity data. */
  readonly root: string;
  /** Folder of the checkpoint; the empty string where the case needs none. */
  readonly checkpoint: string;
  // biome-ignore lint/suspicious/noExplicitAny: the cases' own descriptions, of a different form for each kind.
  readonly json: any;
  readonly arrays: ReadonlyMap<string, NdArray>;
}

export interface ArraySpec {
  readonly role: 'input' | 'intermediate' | 'output' | 'info';
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly atol?: number;
}

/** All cases of a folder in the order of their names. */
export function readCases(root: string): readonly Case[] {
  const folder = join(root, 'cases');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => {
      const json = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      return {
        name: json.case,
        kind: json.kind,
        root,
        checkpoint: json.checkpoint === null ? '' : join(root, 'checkpoints', json.checkpoint),
        json,
        arrays: readArrays(join(folder, file.replace(/\.json$/, '.safetensors'))),
      };
    });
}
