import { z } from 'zod';
import { list, unlessEmpty, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const serverSection = {
  schema: z.object({
    /** Loopback unless somebody says otherwise: what is reachable from elsewhere asks for a key. */
    HOST: unlessEmpty(z.string().default('127.0.0.1')),
    /** 0 takes any free port. */
    PORT: unlessEmpty(whole(0, 65_535).default(4000)),
    /** How clients reach this server, where that is not the host they name: behind a proxy or a CDN. */
    PUBLIC_URL: unlessEmpty(
      z
        .url({ protocol: /^https?$/, error: 'expected an http or https address', abort: true })
        .refine(isBare, 'expected an address without user name, query and fragment, since a path is put behind it')
        .transform((url) => url.replace(/\/+$/, ''))
        .optional(),
    ),
    /** What every way in asks for. Left out on loopback, none is asked. */
    ACCESS_KEY: unlessEmpty(
      z
        .string()
        .min(8, 'expected at least 8 characters')
        .regex(
          /^(?! )[ -~]*(?<! )$/,
          'expected printable ASCII without a space at either end, since a header carries it',
        )
        .optional(),
    ),
    /** Whose pages may call the API from a browser: origins separated by commas, or `*`. */
    CORS_ORIGINS: unlessEmpty(z.string().transform(list).default([])),
    /** Whether X-Forwarded-Proto and X-Forwarded-Host are believed. Only behind a proxy that sets them. */
    TRUST_PROXY: unlessEmpty(
      z
        .enum(['true', 'false'])
        .transform((value) => value === 'true')
        .default(false),
    ),
    /** Bytes of the pictures that one request may upload, together. */
    UPLOAD_BYTES: unlessEmpty(whole(1024, 2 ** 30).default(20 * 1024 ** 2)),
    /** The longest request that is read, without the pictures that it uploads. */
    BODY_LIMIT_BYTES: unlessEmpty(whole(1024, 2 ** 30).default(256 * 1024)),
    /** Milliseconds that a stop waits for what runs. */
    STOP_GRACE_MS: unlessEmpty(whole(0, 2 ** 31 - 1).default(10_000)),
    LOG_LEVEL: unlessEmpty(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn')),
  }),
};

function isBare(address: string): boolean {
  const { username, password, search, hash } = new URL(address);
  return `${username}${password}${search}${hash}` === '';
}

export type ServerConfig = z.infer<typeof serverSection.schema>;
