import { existsSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { checkLora } from '../compiler/index.js';
import type { ModelEntry } from '../domain/model-entry.js';
import type { AppliedLora } from '../engine/engine.js';
import { number, UsageError } from './usage.js';

/** A LoRA of `--lora`: one that the model lists, or a file, which is then listed for this run. */
export interface TypedLora extends AppliedLora {
  /** Absolute; null for one of the catalog. */
  readonly file: string | null;
}

/** Each of `style-ink:0.8`, `ink.safetensors`, `loras/ink.safetensors:0.8`. The weight may be left out. @throws UsageError */
export function readLoras(texts: readonly string[]): readonly TypedLora[] {
  const loras: TypedLora[] = [];
  for (const text of texts) loras.push(readLora(text, loras));
  return loras;
}

function readLora(text: string, before: readonly TypedLora[]): TypedLora {
  const { name, weight } = split(text);
  if (/[\\/]|\.safetensors$/i.test(name)) {
    if (!(statSync(name, { throwIfNoEntry: false })?.isFile() ?? false))
      throw new UsageError(`Expected --lora to be a LoRA's id or file but received ${name}, which is not there.`);
    return { id: idOf(name, before), weight, file: resolve(name) };
  }
  if (!/^[\w.-]+$/.test(name)) throw new UsageError(`Expected --lora to be like style-ink:0.8 but received ${text}.`);
  return { id: name, weight, file: null };
}

/** At the last colon, since a path may hold others. */
function split(text: string): { name: string; weight: number } {
  const colon = text.lastIndexOf(':');
  // `C:\ink.safetensors` has a colon, and no weight.
  if (colon < 0 || /[\\/]/.test(text.slice(colon)) || existsSync(text)) return { name: text, weight: 1 };
  return { name: text.slice(0, colon), weight: number('--lora', text.slice(colon + 1))! };
}

/** The file's name, in letters that an id may have, and unlike those before it. */
function idOf(file: string, before: readonly TypedLora[]): string {
  const name = basename(file, extname(file)).replace(/[^\w.-]+/g, '-');
  const others = before.filter(({ id }) => id === name || id.startsWith(`${name}~`)).length;
  return others === 0 ? name : `${name}~${others + 1}`;
}

/**
 * The catalog in which the LoRA files that were typed are listed: with the model that was asked for, or with each that they fit.
 *
 * @throws CheckpointError where one fits none
 */
export function listing(
  typed: readonly TypedLora[],
  models: readonly ModelEntry[],
  asked: string | undefined,
): readonly ModelEntry[] {
  return typed.reduce(
    (listed, { id, file }) => (file === null ? listed : listOne({ id, file }, listed, asked)),
    models,
  );
}

function listOne(lora: { id: string; file: string }, models: readonly ModelEntry[], asked: string | undefined) {
  const wanted = models.filter(({ id, name }) => asked === undefined || id === asked || name === asked);
  const mismatches = wanted.flatMap((model) => {
    try {
      checkLora(model.components.transformer, lora.file, lora.file);
      return [];
    } catch (error) {
      return [{ model, error }];
    }
  });
  if (wanted.length > 0 && mismatches.length === wanted.length) throw mismatches[0]!.error;
  const fitting = wanted.filter((model) => mismatches.every((mismatch) => mismatch.model !== model));
  return models.map((model) => {
    if (!fitting.includes(model)) return model;
    // A file that was typed stands before a listed LoRA of its name.
    const others = model.loras.filter(({ id }) => id !== lora.id);
    return { ...model, loras: [...others, { ...lora, name: lora.id, description: '' }] };
  });
}
