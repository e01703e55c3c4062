import { z } from 'zod';
import { list, unlessEmpty, whole } from '../../environment/values.js';
import { networks } from './networks.js';

/** The environment variables of pictures that come in; the studio's section has them among its own. */
export const sourceSettings = {
  /** Bytes on disk of pictures that wait for their jobs; what was used longest ago leaves. */
  SOURCE_STORE_BYTES: unlessEmpty(whole(1).default(1024 ** 3)),
  /** Whether a picture may be named by an address that this server fetches it from. */
  FETCH_IMAGES: unlessEmpty(
    z
      .enum(['on', 'off'])
      .transform((value) => value === 'on')
      .default(true),
  ),
  /** Bytes of a picture that is fetched. */
  FETCH_BYTES: unlessEmpty(whole(1024, 2 ** 30).default(20 * 1024 ** 2)),
  /** Milliseconds that fetching a picture may take, redirects included. */
  FETCH_TIMEOUT_MS: unlessEmpty(whole(1, 600_000).default(10_000)),
  /** The only hosts that are asked, separated by commas; `*.example.com` is every one below. Empty: any that is public. */
  IMAGE_HOSTS: unlessEmpty(
    z
      .string()
      .transform((text) => list(text.toLowerCase()))
      .default([]),
  ),
  /** The ports that are asked. */
  IMAGE_PORTS: unlessEmpty(
    z
      .string()
      .transform((text): unknown[] => list(text))
      .pipe(z.array(whole(1, 65_535)).min(1))
      .default([80, 443]),
  ),
  /** Networks that are asked although they are not public, such as 10.1.0.0/16: whoever may use the API then reaches into them. */
  IMAGE_NETWORKS: unlessEmpty(z.string().default('').transform(readNetworks)),
};

function readNetworks(text: string, context: z.RefinementCtx) {
  try {
    return networks(list(text));
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
}
