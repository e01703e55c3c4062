import { refused, refusedAs } from '../domain/validation.js';
import type { EncodedFormat, ImageFormat, VariantRequest } from '../domain/variant.js';

/**
 * The grammar of image addresses, which docs/images.md tells people:
 * `/images/<sha256>[.png|.jpg|.jpeg|.webp|.avif][?w=…&h=…&q=…]`.
 */
const path = /^\/images\/([0-9a-f]{64})(?:\.(png|jpg|jpeg|webp|avif))?$/;
const formats: Readonly<Record<string, EncodedFormat>> = {
  png: 'PNG',
  jpg: 'JPEG',
  jpeg: 'JPEG',
  webp: 'WEBP',
  avif: 'AVIF',
};
/** Every address that can only be an image's. */
export const IMAGE_PATHS = '/images/{id...}';
/** Larger than any image; what is asked for is never enlarged, so this only catches mistakes. */
export const MAX_SIDE = 16_384;
/** What may stand behind the question mark. */
const keys = { w: 'width', h: 'height', q: 'quality' } as const;

/** Which image a path names, and as what; null where it is no image's. */
export function readImagePath(pathname: string): { readonly id: string; readonly format: ImageFormat } | null {
  const [, id, extension] = path.exec(pathname) ?? [];
  return id === undefined ? null : { id, format: extension === undefined ? 'AUTO' : formats[extension]! };
}

/**
 * Size and quality from what stands behind the question mark: each key once, in whole numbers. Anything else would be one more address
 * of the same image, for every cache on the way.
 *
 * @throws InvalidInput
 */
export function readImageQuery(query: URLSearchParams): Pick<VariantRequest, 'width' | 'height' | 'quality'> {
  const read: { width?: number; height?: number; quality?: number } = {};
  for (const [key, value] of query) {
    if (!Object.hasOwn(keys, key)) throw refused('query', 'made of `w`, `h` and `q`', key);
    const field = keys[key as keyof typeof keys];
    if (read[field] !== undefined) throw refusedAs(key, 'given once', 'more');
    if (!/^\d{1,9}$/.test(value)) throw refused(key, 'a whole number', value);
    read[field] = Number(value);
  }
  return read;
}

/** The path and query of an image, below the server's own address. */
export function imageAddress(
  id: string,
  { width, height, quality, format }: Omit<VariantRequest, 'format'> & { readonly format: ImageFormat },
): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ w: width, h: height, q: quality }))
    if (value !== undefined) query.set(key, String(value));
  const extension = format === 'AUTO' ? '' : `.${format.toLowerCase()}`;
  return `/images/${id}${extension}${query.size === 0 ? '' : `?${query}`}`;
}

/**
 * The id of an image of this server, where an address is one: as `Image.url` gives it, in whatever size and format, whole or without the
 * host. Null where it is another's.
 *
 * @param baseUrl where clients reach this server, without a slash at the end
 */
export function ownImageId(address: string, baseUrl: string): string | null {
  const base = new URL(`${baseUrl}/`);
  if (!URL.canParse(address, base)) return null;
  const { protocol, username, password, pathname, ...url } = parts(new URL(address, base));
  if (!/^https?:$/.test(protocol) || `${username}${password}` !== '') return null;
  if (!isSameHost(url, parts(base))) return null;
  const below = base.pathname.slice(0, -1);
  const inside = pathname.startsWith(`${below}/`) ? pathname.slice(below.length) : null;
  // Without the host, the path that this server is reached below may be left out too.
  const read = readImagePath(inside ?? '') ?? (URL.canParse(address) ? null : readImagePath(pathname));
  return read?.id ?? null;
}

const parts = ({ protocol, username, password, hostname, port, pathname }: URL) => ({
  ...{ protocol, username, password, hostname, pathname },
  port: port === '' ? null : port,
});

interface Host {
  readonly hostname: string;
  readonly port: string | null;
}

/** However loopback is called, the port says which server it is. The scheme may be a proxy's. */
function isSameHost(one: Host, other: Host): boolean {
  const name = ({ hostname }: Host) => (/^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname) ? 'loopback' : hostname);
  return name(one) === name(other) && one.port === other.port;
}
