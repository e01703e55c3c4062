import type { z } from 'zod';
import { cliSection } from '../cli/config.js';
import { engineSection } from '../engine/config.js';
import { generationSection } from '../generation/config.js';
import { httpSection } from '../http/config.js';
import { imagesSection } from '../images/config.js';
import { jobsSection } from '../jobs/config.js';
import { storesSection } from '../stores/config.js';
import { telemetrySection } from '../telemetry/config.js';

/** Every setting there is: each folder declares the environment variables that it reads. docs/configuration.md tells them in this order. */
export const sections = {
  http: httpSection,
  generation: generationSection,
  images: imagesSection,
  stores: storesSection,
  jobs: jobsSection,
  engine: engineSection,
  telemetry: telemetrySection,
  cli: cliSection,
};

export type SectionName = keyof typeof sections;
export type Settings = { readonly [Name in SectionName]: z.infer<(typeof sections)[Name]['schema']> };

/** The environment holds values that cannot be used. One line for each, naming its variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads all sections from the environment, once. @throws ConfigError */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Settings {
  const wrong: string[] = [];
  const read = Object.entries(sections).map(([name, { schema }]) => {
    const parsed = schema.safeParse(env);
    if (!parsed.success) wrong.push(...parsed.error.issues.map((issue) => sentence(issue, env)));
    return [name, parsed.data];
  });
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  return Object.fromEntries(read) as Settings;
}

function sentence({ path, message }: z.core.$ZodIssue, env: Readonly<Record<string, string | undefined>>): string {
  const variable = String(path[0]);
  // A key, a token or an address with a password is never repeated, however wrong it is.
  const received = /KEY|SECRET|TOKEN|(DATABASE|QUEUE)_URL/.test(variable)
    ? ''
    : ` but received ${JSON.stringify(env[variable] ?? null)}`;
  return `${variable}: ${message}${received}.`;
}
