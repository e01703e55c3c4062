import type { HttpConfig } from './config.js';

type Settings = Pick<HttpConfig, 'PUBLIC_URL' | 'TRUST_PROXY'>;

/** Where clients reach this server, without a slash at the end: as configured, else as the request names it. */
export function baseUrlOf(headers: Pick<Headers, 'get'>, url: string, settings: Settings): string {
  if (settings.PUBLIC_URL !== undefined) return settings.PUBLIC_URL;
  const { protocol, host } = new URL(url);
  const forwarded = (name: string) => (settings.TRUST_PROXY ? firstOf(headers, name) : undefined);
  const named = forwarded('x-forwarded-host') ?? headers.get('host') ?? host;
  const scheme = forwarded('x-forwarded-proto') ?? protocol.slice(0, -1);
  // What a client names goes into addresses that others may see: anything but a host is not repeated.
  const origin =
    /^[\w.:[\]-]+$/.test(named) && /^https?$/.test(scheme) ? `${scheme}://${named}` : `${protocol}//${host}`;
  return origin + forwardedPrefix(headers, settings);
}

/**
 * The path below which clients see this server, without a slash at the end; empty at the root. Redirects and cookies stay below it. A
 * proxy may strip it from requests, or not.
 */
export function basePathOf(headers: Pick<Headers, 'get'>, settings: Settings): string {
  return forwardedPrefix(headers, settings) || publicPathOf(settings);
}

/** The path of PUBLIC_URL, without a slash at the end. */
export function publicPathOf({ PUBLIC_URL }: Pick<Settings, 'PUBLIC_URL'>): string {
  return PUBLIC_URL === undefined ? '' : new URL(PUBLIC_URL).pathname.replace(/\/+$/, '');
}

/**
 * @param target path and query of a request
 * @returns the same as seen from below `base`: a proxy that does not strip it sends it along; null for the base itself, which lacks the
 *   slash that addresses beside the page need
 */
export function belowBase(target: string, base: string): string | null {
  if (base === '' || !target.startsWith(base)) return target;
  const rest = target.slice(base.length);
  if (rest === '' || rest.startsWith('?')) return null;
  return rest.startsWith('/') ? rest : target;
}

function forwardedPrefix(headers: Pick<Headers, 'get'>, { TRUST_PROXY }: Pick<Settings, 'TRUST_PROXY'>): string {
  const prefix = TRUST_PROXY ? firstOf(headers, 'x-forwarded-prefix')?.replace(/\/+$/, '') : undefined;
  return prefix !== undefined && /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+$/.test(prefix) ? prefix : '';
}

function firstOf(headers: Pick<Headers, 'get'>, name: string): string | undefined {
  return headers.get(name)?.split(',')[0]?.trim();
}
