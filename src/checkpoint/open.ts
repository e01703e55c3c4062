import { dirname, sep } from 'node:path';
import type { Component } from './component.js';
import { readDiffusersFolder } from './layouts/diffusers.js';
import { factorsOf, openAdapter } from './lora/adapter.js';

/**
 * Opens a part of a checkpoint. Headers are read, and no weight.
 *
 * @param location a component folder of a diffusers-layout checkpoint
 * @param adapterLocation a file of low-rank factors that are merged into its weights, or its folder
 * @throws CheckpointError where a file is missing or damaged, or the factors do not fit
 */
export function open(location: string, adapterLocation: string | null = null): Component {
  const contents = readDiffusersFolder(location);
  const adapter = adapterLocation === null ? null : openAdapter(adapterLocation, contents.tensors);
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
