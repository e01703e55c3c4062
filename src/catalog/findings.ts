import { existsSync } from 'node:fs';
import type { Fault } from '../checkpoint/index.js';
import { checkLora } from '../compiler/index.js';
import { type LoraEntry, locationsOf, type ModelEntry } from '../domain/model-entry.js';
import type { Device } from '../engine/engine.js';
import { CheckpointErrors } from '../engine/models/each.js';
import { leastMemory, type ReadModel, readModel } from '../engine/models/read-model.js';

/** Why a model or a LoRA cannot be used. */
export interface Finding {
  /** For clients. */
  readonly fault: Fault;
  /** For the log and the doctor: names files and tensors. */
  readonly sentence: string;
}

export interface Machine {
  readonly device: Device;
  /** Bytes that models may take. */
  readonly budget: number;
}

/** Why a model cannot be used, part by part; without its LoRAs. No weight is read. */
export function modelFindings(model: ModelEntry, machine: Machine): readonly Finding[] {
  const absent = absentFindings(model);
  if (absent.length > 0) return absent;
  try {
    return memoryFindings(readWhole(model, machine.device), machine);
  } catch (error) {
    return findingsOf(error);
  }
}

/** Components that do not exist, which takes no time to check. */
export function absentFindings({ components }: ModelEntry): readonly Finding[] {
  const { deciding, others } = locationsOf(components);
  const absent = [...deciding, ...others].filter((path) => !existsSync(path));
  return absent.map((path) => ({ fault: 'missing', sentence: `${path} does not exist.` }));
}

/** Everything that can be known of a model without reading a weight. @throws CheckpointError */
export function readWhole({ components, editModes, limits }: ModelEntry, device: Device): ReadModel {
  return readModel(components, { device, instructions: editModes.includes('INSTRUCTION'), limits });
}

/** Null where the LoRA fits its model. */
export function loraFinding({ components }: ModelEntry, { id, file }: LoraEntry): Finding | null {
  try {
    checkLora(components.transformer, file, `The LoRA "${id}"`);
    return null;
  } catch (error) {
    return findingsOf(error)[0]!;
  }
}

/** What an error says of the files that it came from. */
export function findingsOf(error: unknown): readonly Finding[] {
  if (error instanceof CheckpointErrors) return error.errors.flatMap(findingsOf);
  const { message, fault = 'unsuitable' } = error as Error & { readonly fault?: Fault };
  return [{ fault, sentence: message }];
}

function memoryFindings(model: ReadModel, { budget }: Machine): readonly Finding[] {
  const least = leastMemory(model);
  if (least <= budget) return [];
  const sentence = `Expected an ENGINE_MEMORY of at least ${least} bytes but received ${budget}.`;
  return [{ fault: 'too large', sentence }];
}
