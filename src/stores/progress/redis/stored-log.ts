import type { GenerationEvent } from '../../../domain/event.js';
import type { Generation } from '../../../domain/generation.js';
import type { RedisLink } from '../../redis/redis.js';

/** An event and the number of the one before it. */
export interface StoredEvent {
  readonly event: GenerationEvent;
  readonly before: number;
}

/** A log, or its end, as it is stored. */
export interface StoredLog {
  readonly events: readonly StoredEvent[];
  /** After its last event. */
  readonly generation: Generation;
  /** Number of the last event, which may be before the first that was asked for. */
  readonly last: number;
  readonly ended: boolean;
}

/** Prompts never change and may be long: they are stored once for a log. */
export const firstState = ({ prompt, negativePrompt }: Generation): string =>
  JSON.stringify({ prompt, negativePrompt });

export const stateOf = ({ prompt: _prompt, negativePrompt: _negative, ...state }: Generation): string =>
  JSON.stringify(state);

/** A preview is stored beside its event, so that it can be let go. */
export function split(event: GenerationEvent): { readonly bare: string; readonly preview: string } {
  if (event.type !== 'StepFinished') return { bare: JSON.stringify(event), preview: '' };
  return { bare: JSON.stringify({ ...event, preview: null }), preview: event.preview ?? '' };
}

export function joined(bare: string, preview: string): GenerationEvent {
  const event = JSON.parse(bare) as GenerationEvent;
  return preview === '' ? event : ({ ...event, preview } as GenerationEvent);
}

export const keysOf = (link: RedisLink, id: string) => ({
  events: link.key('log', `events:${id}`),
  previews: link.key('log', `previews:${id}`),
  record: link.key('log', `record:${id}`),
});

export const channelOf = (id: string): string => `log:${id}`;

/** The events after number `after`; null where there is no log. */
export async function loadLog(link: RedisLink, id: string, after: number): Promise<StoredLog | null> {
  const { events, previews, record } = keysOf(link, id);
  const from = `(0-${after}`;
  const answers = await link.commands
    .multi()
    .xrange(events, from, '+')
    .xrange(previews, from, '+')
    .hmget(record, 'first', 'state', 'last', 'ended')
    .exec();
  const [entries, shown, state] = answers!.map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  }) as [Entry[], Entry[], (string | null)[]];
  const [first, latest, last, ended] = state;
  if (first == null || latest == null) return null;
  const previewOf = new Map(shown.map(([entry, fields]) => [entry, fields[1]!]));
  return {
    events: entries.map(([entry, fields]) => ({
      event: joined(fields[1]!, previewOf.get(entry) ?? ''),
      before: Number(fields[3]),
    })),
    generation: { ...JSON.parse(latest), ...JSON.parse(first) },
    last: Number(last),
    ended: ended != null,
  };
}

type Entry = [id: string, fields: string[]];

/** As the last events left them; null where there is no log. */
export async function loadStates(link: RedisLink, ids: readonly string[]): Promise<readonly (Generation | null)[]> {
  if (ids.length === 0) return [];
  const reading = link.commands.pipeline();
  for (const id of ids) reading.hmget(keysOf(link, id).record, 'first', 'state');
  const answers = await reading.exec();
  return answers!.map(([error, answer]) => {
    if (error !== null) throw error;
    const [first, latest] = answer as (string | null)[];
    return first == null || latest == null ? null : { ...JSON.parse(latest), ...JSON.parse(first) };
  });
}
