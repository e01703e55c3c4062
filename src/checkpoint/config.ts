import type { Contents } from './component.js';
import { CheckpointError } from './errors.js';
import { isRecord, readJson } from './json.js';

/** A component's configuration, whose fields are asked for by type. Every refusal names file and field. */
export class Config {
  constructor(
    readonly file: string,
    readonly fields: Readonly<Record<string, unknown>>,
  ) {}

  static of({ configFile, config }: Contents): Config {
    return new Config(configFile, config);
  }

  static read(file: string): Config {
    return new Config(file, readJson(file));
  }

  /** A finite number: JSON can write 1e999, which is none. */
  number(field: string): number {
    const value = this.fields[field];
    return Number.isFinite(value) ? (value as number) : this.refuse(field, 'a number');
  }

  /** A number above 0. */
  positive(field: string): number {
    const value = this.number(field);
    return value > 0 ? value : this.refuse(field, 'a number above 0');
  }

  /** The fields of a record within this one; none where it is left out or null. */
  record(field: string): Config {
    const value = this.fields[field] ?? {};
    return isRecord(value) ? new Config(this.file, value) : this.refuse(field, 'an object');
  }

  /** A positive whole number. */
  size(field: string): number {
    const value = this.number(field);
    return Number.isSafeInteger(value) && value > 0 ? value : this.refuse(field, 'a positive whole number');
  }

  sizes(field: string, length?: number): number[] {
    const value = this.fields[field];
    const fits =
      Array.isArray(value) &&
      value.every((item) => Number.isSafeInteger(item) && item > 0) &&
      (length === undefined || value.length === length);
    return fits ? value : this.refuse(field, `a list of ${length ?? ''} positive whole numbers`.replace('  ', ' '));
  }

  /** One of the values that this compiler knows how to build. A field left out counts as the first. */
  known<T>(field: string, ...values: readonly [T, ...T[]]): T {
    const value = field in this.fields ? this.fields[field] : values[0];
    // To JSON an infinity is null.
    const comparable = typeof value !== 'number' || Number.isFinite(value);
    if (comparable && values.some((known) => JSON.stringify(known) === JSON.stringify(value))) return value as T;
    return this.refuse(field, values.map((known) => JSON.stringify(known)).join(' or '));
  }

  /** The class that the configuration is for. */
  class(name: string): void {
    if (this.fields._class_name !== name) this.refuse('_class_name', JSON.stringify(name));
  }

  /** @throws CheckpointError always */
  refuse(field: string, expected: string): never {
    throw new CheckpointError(
      `${this.file}: expected "${field}" to be ${expected} but it is ${inWords(this.fields[field])}.`,
    );
  }
}

function inWords(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
