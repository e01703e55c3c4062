import { isIP } from 'node:net';
import type { HttpConfig } from './config.js';

/**
 * A name that a page elsewhere can have pointed at this machine (DNS rebinding) makes a browser take us for a part of that page. Where no
 * key is asked for, only names that nobody else can point are served: loopback names, bare addresses, and that of PUBLIC_URL.
 *
 * @param host as in a Host header, with or without a port
 */
export function isOwnHost(host: string, { PUBLIC_URL }: Pick<HttpConfig, 'PUBLIC_URL'>): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname.replace(/\.$/, '');
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) > 0) return true;
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    (PUBLIC_URL !== undefined && new URL(PUBLIC_URL).hostname === name)
  );
}

/** An Origin whose pages may write here: our own, that of a loopback name or of PUBLIC_URL, or one that was let in. */
export function isOwnOrigin(
  origin: string,
  host: string,
  settings: Pick<HttpConfig, 'PUBLIC_URL' | 'CORS_ORIGINS'>,
): boolean {
  if (settings.CORS_ORIGINS.some((allowed) => allowed === '*' || allowed === origin)) return true;
  if (!URL.canParse(origin)) return false;
  const named = new URL(origin).host;
  return named !== '' && (named === host || isOwnHost(named, settings));
}

export const MISDIRECTED =
  'Expected a host that is this machine or that of PUBLIC_URL but received another. Set PUBLIC_URL to the address by which clients reach this server, or set ACCESS_KEY.';
export const FOREIGN_ORIGIN =
  'Expected a request of our own page but received one of another. Set CORS_ORIGINS to the origins whose pages may call this server.';
