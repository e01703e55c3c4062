import type { JobEvent } from '../../domain/job.js';
import type { RedisLink } from '../../stores/redis/redis.js';
import { SCOPE } from './scope.js';

export interface Told {
  /** From 1. */
  readonly n: number;
  readonly event: JobEvent;
}

export const isLast = ({ type }: JobEvent): boolean => type === 'finished' || type === 'failed';

/** A preview is told beside its event: only the latest is stored. */
export function split(event: JobEvent): { readonly bare: string; readonly preview: string } {
  if (event.type !== 'step') return { bare: JSON.stringify(event), preview: '' };
  return { bare: JSON.stringify({ ...event, preview: null }), preview: event.preview ?? '' };
}

function joined(bare: string, preview: string): JobEvent {
  const event = JSON.parse(bare) as JobEvent;
  return preview === '' ? event : ({ ...event, preview } as JobEvent);
}

export function readMessage(message: string): Told {
  const { n, event, preview } = JSON.parse(message) as { n: number; event: string; preview: string };
  return { n, event: joined(event, preview) };
}

/** What a run has told after number `n`, and whether it waits or runs. */
export async function loadRun(
  link: RedisLink,
  id: string,
  n: number,
): Promise<{ told: readonly Told[]; exists: boolean }> {
  const answers = await link.commands
    .multi()
    .xrange(link.key(SCOPE, 'events', id), `(0-${n}`, '+')
    .hmget(link.key(SCOPE, 'run', id), 'fingerprint', 'previewOf', 'preview')
    .exec();
  const [entries, [fingerprint, previewOf, preview]] = answers!.map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  }) as [[string, string[]][], [string | null, string | null, string | null]];
  const told = entries.map(([entry, fields]): Told => {
    const number = Number(entry.slice(2));
    return { n: number, event: joined(fields[1]!, number === Number(previewOf) ? (preview ?? '') : '') };
  });
  return { told, exists: fingerprint !== null };
}
