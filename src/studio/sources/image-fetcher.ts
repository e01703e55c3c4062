import type { IncomingMessage } from 'node:http';
import { type BlockList, isIP } from 'node:net';
import { Room } from '../../imaging/room.js';
import { inClientSpan } from '../../telemetry/in-span.js';
import { refusedAs, tooLong } from '../expected.js';
import type { InvalidInput } from '../problems.js';
import { type AddressRules, hostOf, objection, portOf, readAddress } from './address.js';
import { httpGet } from './http-get.js';
import { contains, isPublic } from './networks.js';

export interface ImageFetcherOptions {
  readonly rules: AddressRules;
  /** Networks that may be asked although they are not public. */
  readonly networks: BlockList;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** All IP addresses of a host. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}

/** Each may hold as many bytes as a picture may have. */
const atOnce = 8;
const maxRedirects = 3;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches what strangers ask for, without becoming their hand inside of our own network: every address on the way is checked, and
 * connected to as it was checked. Whatever does not come, for whatever reason, is refused in the same sentence, which tells
 * nobody what lies behind an address that is not public.
 */
export class ImageFetcher {
  readonly #options: ImageFetcherOptions;
  readonly #room = new Room(atOnce);

  constructor(options: ImageFetcherOptions) {
    this.#options = options;
  }

  /** @throws InvalidInput about `field`, or the signal's reason */
  async fetch(address: string, field: string, signal: AbortSignal): Promise<Uint8Array> {
    const url = readAddress(address, field, this.#options.rules);
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    try {
      return await this.#room.run(() => this.#follow(url, field, inTime), inTime);
    } catch (error) {
      signal.throwIfAborted();
      if (isOfTheNetwork(error)) throw this.#unreachable(field);
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
          if (next === null) return await bodyOf(response, field, maxBytes);
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
    const addresses = isIP(host) === 0 ? await orAborted(this.#options.resolve(host), signal) : [host];
    const mayBeAsked = (address: string) => isPublic(address) || contains(this.#options.networks, address);
    if (addresses.length === 0 || !addresses.every(mayBeAsked)) throw new Unreachable();
    return addresses;
  }

  /** A redirect obeys the same rules, and never gives up encryption. */
  #allowed(next: URL, from: URL, field: string): URL {
    const downgraded = from.protocol === 'https:' && next.protocol !== 'https:';
    if (downgraded || objection(next, this.#options.rules) !== null)
      throw refusedAs(field, 'an address that leads to one that may be fetched', 'one that redirects elsewhere', {
        code: 'ADDRESS_NOT_ALLOWED',
      });
    return next;
  }

  #unreachable(field: string): InvalidInput {
    const seconds = this.#options.timeoutMs / 1000;
    return refusedAs(field, `a public address that answers with a picture within ${seconds} s`, 'one that does not', {
      code: 'UNREACHABLE_ADDRESS',
    });
  }
}

class Unreachable extends Error {
  readonly code = 'Unreachable';
}

/** Names that are not known, connections that fail, certificates, broken answers, time that is over: all have a code or a name. */
function isOfTheNetwork(error: unknown): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' || name === 'TimeoutError' || name === 'AbortError';
}

function redirectOf({ statusCode, headers }: IncomingMessage, from: URL): URL | null {
  if (headers.location === undefined || !redirects.has(statusCode ?? 0)) return null;
  if (!URL.canParse(headers.location, from)) throw new Unreachable();
  return new URL(headers.location, from);
}

async function bodyOf(response: IncomingMessage, field: string, maxBytes: number): Promise<Uint8Array> {
  if (response.statusCode !== 200)
    throw refusedAs(field, 'an address that answers with a picture', `the status ${response.statusCode}`, {
      code: 'UNREACHABLE_ADDRESS',
    });
  const more = () => refusedAs(field, `a picture of at most ${maxBytes} bytes`, 'more', tooLong(maxBytes, 'BYTES'));
  // What it says of itself saves time; what comes is counted.
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw more();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw more();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Looking up a name cannot be stopped, but nobody has to wait for it. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const gone = () => reject(signal.reason);
    signal.addEventListener('abort', gone, { once: true });
    stop = () => signal.removeEventListener('abort', gone);
  });
  return Promise.race([promise, aborted]).finally(() => stop());
}
