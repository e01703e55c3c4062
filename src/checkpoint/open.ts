import { statSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import type { Component } from './component.js';
import { readDiffusersFolder } from './layouts/diffusers.js';
import type { Part } from './layouts/single/part.js';
import { readSingleFile } from './layouts/single-file.js';
import { factorsOf, openAdapter } from './lora/adapter.js';

export interface OpenOptions {
  /** Low-rank factors that are merged into its weights: a file, or its folder. */
  readonly adapter?: string | null;
  /** Which part of a single file; left out, the only one that it holds. */
  readonly part?: Part | null;
}

/**
 * Opens a part of a checkpoint. Headers are read, and no weight.
 *
 * @param location a component folder of a diffusers-layout checkpoint, or a single safetensors file
 * @throws CheckpointError where a file is missing or damaged, or the factors do not fit
 */
export function open(location: string, options: OpenOptions = {}): Component {
  const isFile = statSync(location, { throwIfNoEntry: false })?.isFile() === true;
  const contents = isFile ? readSingleFile(location, options.part ?? null) : readDiffusersFolder(location);
  const adapter = (options.adapter ?? null) === null ? null : openAdapter(options.adapter!, contents.tensors);
  const files = [...contents.tensors.values(), ...factorsOf(adapter)].map(({ file }) => dirname(file));
  return { ...contents, location, adapter, weightsFolder: commonFolder(files) };
}

function commonFolder(folders: readonly string[]): string {
  const parts = [...new Set(folders)].map((folder) => folder.split(sep));
  const [first = []] = parts;
  let depth = first.length;
  while (depth > 1 && !parts.every((path) => first.slice(0, depth).every((part, i) => path[i] === part))) depth--;
  return first.slice(0, depth).join(sep) || sep;
}
