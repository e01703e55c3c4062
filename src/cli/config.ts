import { z } from 'zod';
import { setting } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const cliSection = {
  title: 'Commands',
  schema: z.object({
    DEBUG: setting(
      z.string().optional(),
      'Any value: an unexpected failure of a command is printed with its stack, and everything that is logged is shown beside the progress.',
    ),
  }),
};

/** Asked where the other settings may be what is wrong. */
export function isDebugging(): boolean {
  return (process.env.DEBUG ?? '') !== '';
}

/** What a server's operator wants to see by default is noise beside the progress of a command. */
export function commandLogLevel(level: string): string {
  return (process.env.LOG_LEVEL ?? '') === '' ? 'warn' : level;
}
