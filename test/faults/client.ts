import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an accepted generation must come to, and what was heard of it. */
export interface Accepted {
  readonly id: string;
  /** Numbers of the events that its subscriber heard, in the order in which they came. */
  readonly sequences: number[];
  /** Its end, as the subscriber heard it; null while it has not. */
  end: { readonly status: string; readonly urls: readonly string[]; readonly problem: string | null } | null;
  /** Whether this client asked for it to be cancelled. */
  cancelled: boolean;
}

interface Answer {
  readonly data?: Record<string, unknown>;
}

const generation =
  '... on Generation { id status cache images { url(format: PNG) seed fingerprint } problem { code: __typename message } }';
const generate = `mutation($input: GenerateInput!, $waitMs: Int) { generate(input: $input, waitMs: $waitMs) { __typename ${generation} ... on Problem { message retryable } } }`;
const progress = `subscription($id: ID!, $after: Int) { generationProgress(id: $id, after: $after) {
  __typename sequence generation { status images { url(format: PNG) } problem { __typename message } } } }`;

/** A client that keeps what it was told. Addresses are tried in turn: a process may be dead. */
export class Client {
  readonly accepted: Accepted[] = [];
  /** Answers that were refusals or failures of the connection: no promise was given. */
  refused = 0;
  readonly #addresses: () => readonly string[];
  readonly #closing = new AbortController();
  readonly #reading: Promise<void>[] = [];
  #turn = 0;

  constructor(addresses: () => readonly string[]) {
    this.#addresses = addresses;
  }

  /** Asks for images; null where it was refused, or where no answer came. */
  async generate(input: Record<string, unknown>, { waitMs = 0 } = {}): Promise<Accepted | null> {
    const answer = await this.ask(generate, { input, waitMs }).catch(() => null);
    const given = answer?.data?.generate as { __typename: string; id: string } | undefined;
    if (given?.__typename !== 'Generation') {
      this.refused++;
      return null;
    }
    return this.follow(given.id);
  }

  /** Reads the events of a generation that was accepted, also by another client. */
  follow(id: string): Accepted {
    const accepted: Accepted = { id, sequences: [], end: null, cancelled: false };
    this.accepted.push(accepted);
    this.#reading.push(this.#readToItsEnd(accepted));
    return accepted;
  }

  /** Asks some process of the fleet to cancel. */
  async cancel(accepted: Accepted): Promise<void> {
    accepted.cancelled = true;
    const document = `mutation($id: ID!) { cancel(id: $id) { __typename ${generation} } }`;
    await this.ask(document, { id: accepted.id }).catch(() => {});
  }

  async ask(query: string, variables: object): Promise<Answer> {
    const response = await fetch(`${this.#next()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(30_000),
    });
    return (await response.json()) as Answer;
  }

  /** Resolves when every accepted generation has been heard to its end; rejects with those that have not. */
  async settled(limitMs: number): Promise<void> {
    const late = sleep(limitMs, 'late' as const, { ref: false });
    const all = Promise.all(this.#reading);
    if ((await Promise.race([all, late])) !== 'late') return;
    this.#closing.abort();
    const waiting = this.accepted
      .filter(({ end }) => end === null)
      .map(({ id, sequences }) => `${id} after ${sequences.at(-1) ?? 0}`);
    throw new Error(
      `${waiting.length} of ${this.accepted.length} generations have not ended: ${waiting.slice(0, 5).join(', ')}`,
    );
  }

  /** Reads a generation's events to its last one, from wherever it was lost. */
  async #readToItsEnd(accepted: Accepted): Promise<void> {
    while (accepted.end === null && !this.#closing.signal.aborted) {
      try {
        await this.#read(accepted);
      } catch {
        // Lost: another process goes on.
      }
      if (accepted.end === null) await sleep(100);
    }
  }

  async #read(accepted: Accepted): Promise<void> {
    const variables = { id: accepted.id, after: accepted.sequences.at(-1) ?? 0 };
    const stall = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, stall.signal]);
    // Heartbeats come every few seconds: a stream that says nothing for longer is lost, as that of a stopped process is.
    let timer = setTimeout(() => stall.abort(), 20_000);
    try {
      const response = await fetch(`${this.#next()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: progress, variables }),
        signal,
      });
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), 20_000);
        rest += decoder.decode(chunk, { stream: true });
        const blocks = rest.split('\n\n');
        rest = blocks.pop()!;
        for (const block of blocks) this.#hear(accepted, block);
        if (accepted.end !== null) return;
      }
    } finally {
      clearTimeout(timer);
      stall.abort();
    }
  }

  #hear(accepted: Accepted, block: string): void {
    const line = block.split('\n').find((text) => text.startsWith('data: '));
    if (line === undefined) return;
    const event = JSON.parse(line.slice('data: '.length)).data?.generationProgress;
    if (event == null || event.__typename === 'Heartbeat') return;
    accepted.sequences.push(event.sequence);
    if (event.__typename !== 'GenerationFinished') return;
    const { status, images, problem } = event.generation;
    accepted.end = {
      status,
      urls: images.map(({ url }: { url: string }) => url),
      problem: problem === null ? null : `${problem.__typename}: ${problem.message}`,
    };
  }

  #next(): string {
    const addresses = this.#addresses();
    return addresses[this.#turn++ % addresses.length]!;
  }
}

/** What is wrong with what a client was told, in sentences; none where every promise was kept. */
export async function broken(client: Client, addresses: () => readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  const urls = new Set<string>();
  for (const { id, sequences, end, cancelled } of client.accepted) {
    const ordered = sequences.every((sequence, i) => i === 0 || sequence > sequences[i - 1]!);
    if (!ordered) wrong.push(`${id}: its events came out of order: ${sequences.join(' ')}.`);
    if (end === null) wrong.push(`${id}: it never ended.`);
    else if (end.status !== 'SUCCEEDED' && !(cancelled && end.status === 'CANCELLED'))
      wrong.push(`${id}: it ended as ${end.status} (${end.problem}).`);
    for (const url of end?.urls ?? []) urls.add(url);
  }
  for (const url of urls) {
    const id = /\/images\/([0-9a-f]{64})/.exec(url)?.[1];
    const path = new URL(url).pathname;
    const response = await fetch(addresses()[0]! + path).catch((error: Error) => error);
    if (response instanceof Error || response.status !== 200) {
      wrong.push(`${path}: it cannot be read (${response instanceof Error ? response.message : response.status}).`);
      continue;
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    if (id !== createHash('sha256').update(bytes).digest('hex'))
      wrong.push(`${path}: its bytes are not those of its address.`);
  }
  return wrong;
}
