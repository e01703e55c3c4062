import { isIP } from 'node:net';
import { refused, refusedAs, tooLong } from '../domain/validation.js';

/** Which addresses may be asked for an image at all. */
export interface AddressRules {
  /** Hosts, or `*.example.com` for all below one; empty is any. */
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

const longest = 2048;

/**
 * An address as a client gave it, in the one spelling that URL knows: `http://0x7f.1` has become `http://127.0.0.1`.
 *
 * @throws InvalidInput
 */
export function readAddress(text: string, field: string, rules: AddressRules): URL {
  if (text.length > longest)
    throw refusedAs(field, `at most ${longest} characters long`, `${text.length}`, tooLong(longest, 'CHARACTERS'));
  if (!URL.canParse(text)) throw refused(field, 'an http or https address', text, { code: 'INVALID_ADDRESS' });
  const url = new URL(text);
  const wrong = violation(url, rules);
  if (wrong !== null) throw refusedAs(field, wrong.expected, wrong.received, { code: 'ADDRESS_NOT_ALLOWED' });
  return url;
}

/** Why an address is refused without a look-up; null when it is not. */
export function violation(url: URL, { hosts, ports }: AddressRules): { expected: string; received: string } | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { expected: 'an http or https address', received: `one of ${JSON.stringify(url.protocol.slice(0, 20))}` };
  // Never repeated: it may hold a password.
  if (url.username !== '' || url.password !== '')
    return { expected: 'an address without user name and password', received: 'one with' };
  const port = portOf(url);
  if (!ports.includes(port))
    return { expected: `an address on port ${ports.join(' or ')}`, received: `one on ${port}` };
  const host = hostOf(url);
  if (hosts.length > 0 && !hosts.some((allowed) => matches(host, allowed)))
    return { expected: 'an address of a host that this server fetches from', received: `one of ${host.slice(0, 60)}` };
  return null;
}

/** The name to look up, or the IP address itself: without the brackets of IPv6 and the dot that ends a full name. */
export function hostOf({ hostname }: URL): string {
  return isIP(hostname.slice(1, -1)) === 6 ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
}

export function portOf({ port, protocol }: URL): number {
  return port !== '' ? Number(port) : protocol === 'https:' ? 443 : 80;
}

function matches(host: string, allowed: string): boolean {
  return allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : host === allowed;
}
