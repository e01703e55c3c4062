import { messagesOf } from './event-stream.js';

export interface FollowOptions {
  /** Where the server is, without a slash at the end. */
  readonly base: string;
  readonly accessKey?: string;
  /** The last sequence that was seen; left out: from the beginning. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  /** Left out: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** Waits before it connects again, given how often in a row that failed. Left out: 0.25 s, doubling up to 10 s. */
  readonly pause?: (failures: number) => Promise<void>;
}

/** An event of `Subscription.generationProgress`. */
export interface FollowedEvent {
  readonly __typename: string;
  readonly sequence: number;
  readonly position?: number;
  readonly stage?: string;
  readonly durationMs?: number;
  readonly image?: number;
  readonly step?: number;
  readonly totalSteps?: number;
  readonly preview?: string | null;
  /** Of `GenerationFinished`, the last event. */
  readonly generation?: {
    readonly status: string;
    readonly images: readonly { readonly id: string; readonly url: string; readonly thumbhash: string }[];
    readonly problem: { readonly message: string; readonly retryable: boolean } | null;
  };
}

/** The server refuses to tell of the generation, and will not tell later either. */
export class FollowRefused extends Error {
  override readonly name = 'FollowRefused';
}

const query = `subscription Follow($id: ID!, $after: Int) { generationProgress(id: $id, after: $after) { __typename sequence
... on GenerationQueued { position } ... on StageStarted { stage } ... on StageFinished { stage durationMs }
... on StepFinished { image step totalSteps preview }
... on GenerationFinished { generation { status images { id url thumbhash } problem { message retryable } } } } }`;

/**
 * Everything that happens to a generation, each event once and in order, until it has ended. A lost connection is made again from the
 * last event that came.
 *
 * @throws FollowRefused, or the signal's reason
 */
export async function* follow(id: string, options: FollowOptions): AsyncGenerator<FollowedEvent> {
  const { signal, pause = backOff } = options;
  let after = options.after ?? 0;
  for (let failures = 0; ; failures++) {
    signal?.throwIfAborted();
    try {
      for await (const event of connection(id, after, options)) {
        failures = 0;
        if (event.__typename === 'Heartbeat' || event.sequence <= after) continue;
        after = event.sequence;
        yield event;
        if (event.__typename === 'GenerationFinished') return;
      }
    } catch (error) {
      if (error instanceof FollowRefused) throw error;
      signal?.throwIfAborted();
    }
    await pause(failures + 1);
  }
}

async function* connection(id: string, after: number, options: FollowOptions): AsyncGenerator<FollowedEvent> {
  const { base, accessKey, signal = null, fetch = globalThis.fetch } = options;
  const response = await fetch(`${base.replace(/\/+$/, '')}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(accessKey === undefined ? {} : { authorization: `Bearer ${accessKey}` }),
    },
    body: JSON.stringify({ query, variables: { id, after } }),
    signal,
  });
  if (!response.ok || response.body === null) {
    // 408, 429 and 5xx pass.
    const passing = response.status >= 500 || [408, 429].includes(response.status);
    throw new (passing ? Error : FollowRefused)(`Expected an event stream but received the status ${response.status}.`);
  }
  for await (const { event, data } of messagesOf(response.body)) {
    if (event !== 'next') continue;
    const answer = JSON.parse(data) as {
      data?: { generationProgress: FollowedEvent } | null;
      errors?: { message: string }[];
    };
    if (answer.errors !== undefined) throw new FollowRefused(answer.errors[0]?.message);
    if (answer.data) yield answer.data.generationProgress;
  }
}

const backOff = (failures: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.min(10_000, 125 * 2 ** failures)));
