import { ConfigError, type Settings } from './config.js';

/** What the processes of a fleet share. */
const SHARED = ['QUEUE_URL', 'DATABASE_URL', 'IMAGE_STORE'] as const;

/** @param role of a process that keeps nothing itself @throws ConfigError that names the variables that are missing */
export function requireShared({ jobs, stores }: Settings, role: string): void {
  const given = { ...jobs, ...stores };
  const missing = SHARED.filter((variable) => given[variable] === undefined);
  if (missing.length > 0)
    throw new ConfigError(
      `${role}: expected ${missing.join(', ')}, which the processes of a fleet share, but received none.`,
    );
}
