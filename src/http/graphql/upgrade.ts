import type { IncomingMessage } from 'node:http';
import type { Access } from '../access.js';
import { baseUrlOf, belowBase, publicPathOf } from '../base-url.js';
import type { HttpConfig } from '../config.js';
import { FOREIGN_ORIGIN, isOwnHost, MISDIRECTED } from '../hosts.js';
import { isAddressed } from '../listener.js';

/**
 * Why a request may not become a WebSocket; null where it may.
 *
 * @param path that of the API
 */
export function upgradeRefusal(
  request: IncomingMessage,
  path: string,
  access: Pick<Access, 'required'>,
  settings: HttpConfig,
): readonly [status: number, sentence: string] | null {
  if (!isAddressed(request)) return [400, 'Expected a host and a path that make an address.'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket')
    return [400, 'Expected no upgrade, or one to a WebSocket.'];
  const target = belowBase(request.url ?? '/', publicPathOf(settings)) ?? '/';
  if (target.split('?')[0] !== path) return [404, 'There is nothing at this address.'];
  const { host } = request.headers;
  if (!access.required && host !== undefined && !isOwnHost(host, settings)) return [421, MISDIRECTED];
  return mayOpen(request, settings) ? null : [403, FOREIGN_ORIGIN];
}

/**
 * Browsers let any page open a socket to anywhere, and ask nobody first: what CORS is for requests has to be asked here. Programs
 * that are no browser name no origin.
 */
function mayOpen(request: IncomingMessage, settings: HttpConfig): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || settings.CORS_ORIGINS.some((allowed) => allowed === '*' || allowed === origin))
    return true;
  if (!URL.canParse(origin)) return false;
  const own = [host, new URL(baseUrlOf(headersOf(request), urlOf(request), settings)).host];
  return own.includes(new URL(origin).host);
}

export function urlOf(request: IncomingMessage): string {
  return `http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`;
}

export function headersOf({ headers }: IncomingMessage): Pick<Headers, 'get'> {
  return { get: (name) => [headers[name.toLowerCase()] ?? null].flat()[0] ?? null };
}
