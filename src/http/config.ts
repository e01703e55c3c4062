import { z } from 'zod';
import { either, list, setting, whole } from '../environment/values.js';
import { renderSettings } from '../render/config.js';
import { isLoopback } from './access.js';

/** The environment variables that this folder reads. */
export const httpSection = {
  title: 'Server',
  schema: z
    .object({
      HOST: setting(
        z
          .string()
          .default('127.0.0.1')
          // An IPv6 address as addresses of pages have it.
          .transform((host) => host.replace(/^\[(.*)\]$/, '$1')),
        'Address to listen on. Beyond loopback every way in asks for an access key.',
      ),
      PORT: setting(whole(0, 65_535).default(4000), 'Port to listen on; 0 takes any that is free.'),
      PUBLIC_URL: setting(
        z
          .url({ protocol: /^https?$/, error: 'expected an http or https address', abort: true })
          .refine(isBare, 'expected an address without user name, query and fragment, since a path is put behind it')
          .transform((url) => url.replace(/\/+$/, ''))
          .optional(),
        'What the addresses of images begin with, where clients reach this server by another address than the host that they name: behind a proxy or a CDN. It may have a path, below which everything stays, whether the proxy strips it or not. Without an access key, only its host, loopback names and bare addresses are served.',
        { default: "the request's host" },
      ),
      ACCESS_KEY: setting(
        z
          .string()
          .min(8, 'expected at least 8 characters')
          .regex(
            /^(?! )[ -~]*(?<! )$/,
            'expected printable ASCII without a space at either end, since a header carries it',
          )
          .optional(),
        "Key that clients must send: as bearer token, as the WebSocket's connection parameter `accessKey`, or by the page's form. At least 16 characters beyond loopback. Images themselves are open to whoever has their address, and carry their prompt.",
        { default: 'none on loopback, else drawn at every start and printed' },
      ),
      CORS_ORIGINS: setting(
        z.string().default('').transform(list),
        'Origins whose pages may call the API from a browser, separated by commas, or `*`.',
      ),
      TRUST_PROXY: setting(
        either('true', 'false', 'false'),
        'Whether `X-Forwarded-Proto`, `-Host`, `-Prefix` and `-For` are believed. Only behind a proxy that sets them.',
      ),
      UPLOAD_BYTES: setting(
        whole(1024, 2 ** 30).default(20 * 1024 ** 2),
        'Size of the images that one request may upload, together.',
        { unit: 'bytes' },
      ),
      UPLOADS_BYTES: setting(
        whole(1024, 2 ** 40).default(160 * 1024 ** 2),
        'Memory for the uploads of all requests together, from when they come until they are decoded. Where it is full, the slowest is let go. One upload of full size always fits.',
        { unit: 'bytes' },
      ),
      BODY_LIMIT_BYTES: setting(
        whole(1024, 2 ** 30).default(256 * 1024),
        'The longest request that is read, without the images that it uploads.',
        { unit: 'bytes' },
      ),
      CONNECTION_LIMIT: setting(
        whole(1, 1_000_000).default(4096),
        'Connections that are open at once; fewer where the system lets few files be open, since some are kept back for work.',
      ),
      DELIVERY_TIMEOUT_MS: setting(
        whole(100, 2 ** 31 - 1).default(30_000),
        'Time after which a connection is let go that takes nothing of what waits for it.',
        { unit: 'milliseconds' },
      ),
      ...renderSettings,
      STOP_GRACE_MS: setting(
        whole(0, 2 ** 31 - 1).default(5000),
        'Time that a stop (SIGTERM) waits for what runs; what is left goes on after the next start. A stop takes up to 3 seconds more: stay below the 10 seconds that Docker waits.',
        { unit: 'milliseconds' },
      ),
      LOG_LEVEL: setting(
        z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
        'The least level that is logged, as JSON lines on standard error. `info` has one line a generation (no prompt), `debug` one a request. Commands other than `serve` log from `warn` on unless this is set.',
      ),
    })
    .refine(({ HOST, ACCESS_KEY }) => ACCESS_KEY === undefined || ACCESS_KEY.length >= 16 || isLoopback(HOST), {
      path: ['ACCESS_KEY'],
      error: 'expected at least 16 characters, since HOST can be reached from elsewhere',
    }),
};

function isBare(address: string): boolean {
  const { username, password, search, hash } = new URL(address);
  return `${username}${password}${search}${hash}` === '';
}

export type HttpConfig = z.infer<typeof httpSection.schema>;
