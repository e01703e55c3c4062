import { pino } from 'pino';
import { isDebugging } from './config.js';

/** Keeps the last error that is logged. Clients are not told it, but the person at the command line may read it in one sentence. */
export class LastError {
  error: string | null = null;

  write(line: string): void {
    const { level, err } = JSON.parse(line) as { level: number; err?: { message?: string } };
    if (err?.message !== undefined) this.error = err.message;
    // Warnings and errors come with the generation; more is written because it was asked for.
    if (level < pino.levels.values.warn! || isDebugging()) process.stderr.write(line);
  }
}
