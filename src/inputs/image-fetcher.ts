import type { IncomingMessage } from 'node:http';
import { type BlockList, isIP } from 'node:net';
import { type InvalidInput, Problem } from '../domain/problems.js';
import { refusedAs, tooLong } from '../domain/validation.js';
import type { Clock } from '../environment/clock.js';
import { joined } from '../environment/in-turns.js';
import { unlessAborted } from '../environment/unless-aborted.js';
import { inClientSpan } from '../telemetry/in-span.js';
import { type AddressRules, hostOf, portOf, readAddress, violation } from './address.js';
import { ByteBudget } from './byte-budget.js';
import { httpGet } from './http-get.js';
import { contains, isPublic } from './networks.js';
import { isPassing, isPassingStatus } from './passing.js';
import { Places } from './places.js';
import { TimeIsOver, withinTime } from './within-time.js';

export interface ImageFetcherOptions {
  readonly rules: AddressRules;
  /** Networks that may be asked although they are not public. */
  readonly networks: BlockList;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** All IP addresses of a host. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly clock: Clock;
}

/** Connections: one that waits for an answer costs little. */
const atOnce = { inAll: 64, perHost: 4 };
/** Images of the largest size that may be in memory while they are fetched; small ones may be more. */
const largestAtOnce = 8;
const maxRedirects = 3;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches what strangers ask for, without becoming their hand inside of our own network: every address on the way is checked, and
 * connected to as it was checked. Whatever does not come, for whatever reason, is refused in the same sentence, which tells
 * nobody what lies behind an address that is not public; only what failed on the way to a public one may be called a passing fault.
 */
export class ImageFetcher {
  readonly #options: ImageFetcherOptions;
  readonly #places = new Places(atOnce);
  readonly #budget: ByteBudget;

  constructor(options: ImageFetcherOptions) {
    this.#options = options;
    this.#budget = new ByteBudget(largestAtOnce * options.maxBytes);
  }

  /** Waiting for a place takes nothing of the time that fetching may take. @throws InvalidInput about `field`, or the signal's reason */
  async fetch(address: string, field: string, signal: AbortSignal): Promise<Uint8Array> {
    const { rules, clock, timeoutMs } = this.#options;
    const url = readAddress(address, field, rules);
    const inTime = () => withinTime(clock, timeoutMs, signal, (left) => this.#follow(url, field, left));
    try {
      return await this.#places.run(hostOf(url), inTime, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TimeIsOver || isPassing(error)) throw this.#unreachable(field, true);
      if (isOfTheNetwork(error)) throw this.#unreachable(field, false);
      throw error;
    }
  }

  #follow(first: URL, field: string, signal: AbortSignal): Promise<Uint8Array> {
    const { maxBytes } = this.#options;
    // Without what stands behind the question mark, where keys often are.
    const attributes = {
      'url.scheme': first.protocol.slice(0, -1),
      'server.address': hostOf(first),
      'server.port': portOf(first),
      'url.path': first.pathname,
    };
    return inClientSpan('inkstone.fetch_image', attributes, async (span) => {
      let url = first;
      for (let followed = 0; ; followed++) {
        const response = await httpGet(url, await this.#checked(url, signal), signal);
        try {
          const next = redirectOf(response, url);
          span.setAttribute('http.response.status_code', response.statusCode ?? 0);
          if (next === null) return await bodyOf(response, field, maxBytes, this.#budget);
          if (followed === maxRedirects)
            throw refusedAs(field, `at most ${maxRedirects} redirects away`, 'more', { code: 'UNREACHABLE_ADDRESS' });
          url = this.#allowed(next, url, field);
        } finally {
          response.destroy();
        }
      }
    });
  }

  /** Where the host is, if every one of its addresses may be asked. */
  async #checked(url: URL, signal: AbortSignal): Promise<readonly string[]> {
    const host = hostOf(url);
    const addresses = isIP(host) === 0 ? await unlessAborted(signal, this.#options.resolve(host)) : [host];
    const mayBeAsked = (address: string) => isPublic(address) || contains(this.#options.networks, address);
    if (addresses.length === 0 || !addresses.every(mayBeAsked)) throw new Unreachable();
    return addresses;
  }

  /** A redirect obeys the same rules, and never gives up encryption. */
  #allowed(next: URL, from: URL, field: string): URL {
    const downgraded = from.protocol === 'https:' && next.protocol !== 'https:';
    if (downgraded || violation(next, this.#options.rules) !== null)
      throw refusedAs(field, 'an address that leads to one that may be fetched', 'one that redirects elsewhere', {
        code: 'ADDRESS_NOT_ALLOWED',
      });
    return next;
  }

  #unreachable(field: string, retryable: boolean): InvalidInput {
    const seconds = this.#options.timeoutMs / 1000;
    const received = retryable ? 'one that does not at the moment' : 'one that does not';
    return refusedAs(field, `a public address that answers with an image within ${seconds} s`, received, {
      code: 'UNREACHABLE_ADDRESS',
      retryable,
    });
  }
}

class Unreachable extends Error {
  readonly code = 'Unreachable';
}

/** Names that are not known, connections that fail, certificates, broken answers: all have a code. */
function isOfTheNetwork(error: unknown): boolean {
  return typeof (error as { readonly code?: unknown }).code === 'string' && !(error instanceof Problem);
}

function redirectOf({ statusCode, headers }: IncomingMessage, from: URL): URL | null {
  if (headers.location === undefined || !redirects.has(statusCode ?? 0)) return null;
  if (!URL.canParse(headers.location, from)) throw new Unreachable();
  return new URL(headers.location, from);
}

async function bodyOf(
  response: IncomingMessage,
  field: string,
  maxBytes: number,
  budget: ByteBudget,
): Promise<Uint8Array> {
  const status = response.statusCode ?? 0;
  if (status !== 200)
    throw refusedAs(field, 'an address that answers with an image', `the status ${status}`, {
      code: 'UNREACHABLE_ADDRESS',
      retryable: isPassingStatus(status),
    });
  const more = () => refusedAs(field, `an image of at most ${maxBytes} bytes`, 'more', tooLong(maxBytes, 'BYTES'));
  // What it says of itself saves time; what comes is counted.
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw more();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (length + chunk.length > maxBytes) throw more();
      if (!budget.take(chunk.length)) throw refusedAs(field, 'fetched beside fewer others', 'one too many', busy);
      length += chunk.length;
      chunks.push(chunk);
    }
    return await joined(chunks, length);
  } finally {
    budget.giveBack(length);
  }
}

const busy = { code: 'UNREACHABLE_ADDRESS', retryable: true } as const;
