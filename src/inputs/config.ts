import { z } from 'zod';
import { either, list, setting, whole } from '../environment/values.js';
import { networks } from './networks.js';

/** The environment variables of images that come in; the section of generations includes them. */
export const sourceSettings = {
  SOURCE_STORE_BYTES: setting(
    whole(1).default(1024 ** 3),
    'Disk for images that wait for their jobs; those that were used longest ago leave.',
    { unit: 'bytes' },
  ),
  FETCH_IMAGES: setting(
    either('on', 'off', 'on'),
    'Whether an image may be named by a `url` that this server fetches it from.',
  ),
  FETCH_BYTES: setting(whole(1024, 2 ** 30).default(20 * 1024 ** 2), 'Size of one image that is fetched.', {
    unit: 'bytes',
  }),
  FETCH_TIMEOUT_MS: setting(
    whole(1, 600_000).default(10_000),
    'Time that fetching one image may take, redirects included.',
    { unit: 'milliseconds' },
  ),
  IMAGE_HOSTS: setting(
    z
      .string()
      .default('')
      .transform((text) => list(text.toLowerCase())),
    'The only hosts that images are fetched from, separated by commas; `*.example.com` is every one below. Left out, any that is public.',
  ),
  IMAGE_PORTS: setting(
    z
      .string()
      .default('80,443')
      .transform((text): unknown[] => list(text))
      .pipe(z.array(whole(1, 65_535)).min(1)),
    'The ports that images are fetched from, separated by commas.',
  ),
  IMAGE_NETWORKS: setting(
    z.string().default('').transform(readNetworks),
    'Networks that images are fetched from although they are not public, such as `10.1.0.0/16`, separated by commas: clients then reach into them.',
  ),
};

function readNetworks(text: string, context: z.RefinementCtx) {
  try {
    return networks(list(text));
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
}
