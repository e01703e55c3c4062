import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import type { HttpConfig } from './config.js';

/** Requests that came over no connection of ours. */
export const NOBODY = 'nobody';
/** Characters of an IPv6 address with a zone; a proxy may send longer headers, which are not kept. */
const LONGEST = 64;
/** By address: to take one apart costs a tenth of a cached repeat. Null for what is none. */
const networks = new LRUCache<string, { readonly name: string | null }>({ max: 1000 });

/**
 * Who calls, as far as guesses of a key are counted: an IPv4 address, or the /64 network of an IPv6 address, since whoever has one has
 * them all. Behind a trusted proxy, the address that it added last: those before it are anybody's word.
 */
export function callerOf(
  request: Pick<IncomingMessage, 'headers' | 'socket'> | undefined,
  { TRUST_PROXY }: Pick<HttpConfig, 'TRUST_PROXY'>,
): string {
  if (request === undefined) return NOBODY;
  const forwarded = TRUST_PROXY
    ? [request.headers['x-forwarded-for'] ?? []].flat().join().split(',').at(-1)?.trim()
    : '';
  return networkOf(forwarded) ?? networkOf(request.socket.remoteAddress) ?? NOBODY;
}

function networkOf(address: string | undefined): string | null {
  if (address === undefined || address === '') return null;
  if (address.length > LONGEST) return readNetwork(address);
  const known = networks.get(address) ?? { name: readNetwork(address) };
  networks.set(address, known);
  return known.name;
}

function readNetwork(named: string): string | null {
  if (!ipaddr.isValid(named)) return null;
  const address = ipaddr.process(named);
  return address instanceof ipaddr.IPv6
    ? address.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : address.toString();
}
