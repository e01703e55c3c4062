import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import type { ServerConfig } from './config.js';

/** Requests that came over no connection of ours. */
export const NOBODY = 'nobody';

/**
 * Who calls, as far as guesses of a key are counted: an IPv4 address, or the /64 network of an IPv6 address, since whoever has one has
 * them all. Behind a trusted proxy, the address that it added last: those before it are anybody's word.
 */
export function callerOf(
  request: Pick<IncomingMessage, 'headers' | 'socket'> | undefined,
  { TRUST_PROXY }: Pick<ServerConfig, 'TRUST_PROXY'>,
): string {
  if (request === undefined) return NOBODY;
  const forwarded = TRUST_PROXY
    ? [request.headers['x-forwarded-for'] ?? []].flat().join().split(',').at(-1)?.trim()
    : '';
  const named = forwarded !== undefined && ipaddr.isValid(forwarded) ? forwarded : request.socket.remoteAddress;
  if (named === undefined || !ipaddr.isValid(named)) return NOBODY;
  const address = ipaddr.process(named);
  return address instanceof ipaddr.IPv6
    ? address.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : address.toString();
}
