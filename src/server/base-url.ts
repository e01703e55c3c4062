import type { ServerConfig } from './config.js';

/** Where clients reach this server, without a slash at the end: as configured, else as the request names it. */
export function baseUrlOf(
  headers: Pick<Headers, 'get'>,
  url: string,
  { PUBLIC_URL, TRUST_PROXY }: Pick<ServerConfig, 'PUBLIC_URL' | 'TRUST_PROXY'>,
): string {
  if (PUBLIC_URL !== undefined) return PUBLIC_URL;
  const { protocol, host } = new URL(url);
  const forwarded = (name: string) => (TRUST_PROXY ? headers.get(name)?.split(',')[0]?.trim() : undefined);
  const named = forwarded('x-forwarded-host') ?? headers.get('host') ?? host;
  const scheme = forwarded('x-forwarded-proto') ?? protocol.slice(0, -1);
  // What a client names goes into addresses that others may see: anything but a host is not repeated.
  return /^[\w.:[\]-]+$/.test(named) && /^https?$/.test(scheme) ? `${scheme}://${named}` : `${protocol}//${host}`;
}
