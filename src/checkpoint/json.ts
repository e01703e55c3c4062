import { readFileSync } from 'node:fs';
import { CheckpointError } from './errors.js';

/** @throws CheckpointError when it is not there, or holds no JSON object */
export function readJson(file: string): Record<string, unknown> {
  const value = parsed(file);
  if (isRecord(value)) return value;
  throw new CheckpointError(
    `${file}: expected a JSON object but it is ${JSON.stringify(value).slice(0, 40)}.`,
    'damaged',
  );
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CheckpointError(
      missing ? `${file} is missing.` : `${file} could not be read: ${(error as Error).message}.`,
      missing ? 'missing' : 'damaged',
    );
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
