import { setTimeout as sleep } from 'node:timers/promises';

/** When images are asked for. */
export interface Trace {
  readonly about: string;
  readonly seconds: number;
  /** Seconds since its begin, ascending. */
  readonly arrivals: readonly number[];
}

export interface Served {
  /** Milliseconds from each request to its image, ascending. */
  readonly waits: readonly number[];
  /** Requests that were not answered by an image. */
  readonly lost: readonly string[];
}

const fields = '... on Generation { id status images { url } problem { code: __typename } }';
const generate = `mutation ($input: GenerateInput!, $waitMs: Int) { generate(input: $input, waitMs: $waitMs) { __typename ${fields} } }`;
const look = `query ($id: ID!) { generation(id: $id) { __typename ${fields} } }`;
/** Milliseconds after which a request is lost. */
const LOST_AFTER_MS = 300_000;

interface Told {
  readonly __typename: string;
  readonly id: string;
  readonly status: string;
  readonly images: readonly { readonly url: string }[];
}

/**
 * Asks for images as the trace says, each with a seed of its own, and waits for all.
 *
 * @param speed so many times faster than the trace
 * @param firstSeed so that no image is found that another run has made
 */
export async function serve(
  url: string,
  { seconds, arrivals }: Trace,
  speed: number,
  firstSeed: number,
): Promise<Served> {
  const began = performance.now();
  const until = (second: number) => sleep(Math.max(0, began + (second * 1000) / speed - performance.now()));
  const [waits, lost]: [number[], string[]] = [[], []];
  const asked: Promise<void>[] = [];
  for (const [index, second] of arrivals.entries()) {
    await until(second);
    const asks = performance.now();
    asked.push(
      imageOf(url, firstSeed + index).then(
        () => void waits.push(performance.now() - asks),
        (error: Error) => void lost.push(error.message),
      ),
    );
  }
  await Promise.all([...asked, until(seconds)]);
  return { waits: waits.sort((a, b) => a - b), lost };
}

/** @returns the address of an image that was made @throws Error that says why there is none */
export async function imageOf(url: string, seed: number): Promise<string> {
  const limit = performance.now() + LOST_AFTER_MS;
  let told = await submit(url, seed, 20_000);
  while (told.status === 'QUEUED' || told.status === 'RUNNING') {
    if (performance.now() > limit) throw new Error(`still ${told.status} after ${LOST_AFTER_MS / 1000} s`);
    await sleep(200);
    told = await ask(url, look, { id: told.id }, 'generation');
  }
  if (told.status !== 'SUCCEEDED') throw new Error(JSON.stringify(told));
  const address = told.images[0]!.url;
  const { ok, status } = await fetch(address);
  if (!ok) throw new Error(`the image was answered with ${status}`);
  return address;
}

/** Asks for an image. */
export function submit(url: string, seed: number, waitMs = 0): Promise<Told> {
  return ask(url, generate, { input: { prompt: 'a red house', seed }, waitMs }, 'generate');
}

async function ask(url: string, query: string, variables: object, field: string): Promise<Told> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Record<string, Told>; errors?: unknown };
  if (data?.[field] == null) throw new Error(JSON.stringify(errors ?? response.status));
  return data[field];
}

/** The value below which so much of them lies. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? Number.NaN;
}
