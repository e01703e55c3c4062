/** Where a Redis or Valkey is, and what the names of its keys begin with. */
export interface RedisAddress {
  /** Without a query. */
  readonly url: string;
  /** Braces keep all keys in one slot of a cluster, as scripts that touch several keys need. */
  readonly prefix: string;
}

const DEFAULT_PREFIX = 'inkstone';

/** `redis://` or `rediss://` (TLS) `[user:password@]host[:port][/database][?prefix=word]`. @throws TypeError where it is no address */
export function readRedisAddress(text: string): RedisAddress {
  const address = new URL(text);
  const prefix = address.searchParams.get('prefix') ?? DEFAULT_PREFIX;
  address.search = '';
  return { url: address.href, prefix: `{${prefix}}` };
}
