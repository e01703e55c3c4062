// The package reads what RFC 9110 says of weights, wildcards and parameters, and survives what it does not say.
import Negotiator from 'negotiator';
import type { EncodedFormat } from '../domain/variant.js';

/** What the API answers with. JSON stands first: a client that takes anything gets it. */
export const apiTypes = [
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed',
] as const;

/**
 * The offered media types that an Accept header takes, the most wanted first. A header that is missing or empty takes all of them, in the
 * order in which they are offered.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
export function accepted<Offer extends string>(accept: string | null, offers: readonly Offer[]): readonly Offer[] {
  if (accept === null || accept.trim() === '') return offers;
  // All that is sent is in UTF-8, which clients may ask for by name.
  const given = new Map(offers.flatMap((offer) => [`${offer}; charset=utf-8`, offer].map((name) => [name, offer])));
  const names = new Negotiator({ headers: { accept } }).mediaTypes([...given.keys()]);
  return [...new Set(names.map((name) => given.get(name)!))];
}

/** Whether a client would rather have a page than what the API answers with: a browser that comes to an address. */
export function wantsPage(headers: Pick<Headers, 'get'>): boolean {
  return accepted(headers.get('accept'), [...apiTypes, 'text/html'])[0] === 'text/html';
}

/**
 * The format of an image whose address leaves it to us: WebP where Accept names it, else JPEG or PNG, whichever is wanted more. A wildcard
 * does not count as naming WebP: programs that send `*` (any type) are those that cannot be asked.
 *
 * @param avif whether AVIF is chosen where Accept names it. It takes a second to make: for addresses that stand behind an edge
 */
export function acceptedImageFormat(accept: string | null): 'WEBP' | 'JPEG' | 'PNG';
export function acceptedImageFormat(accept: string | null, more: { readonly avif: boolean }): EncodedFormat;
export function acceptedImageFormat(accept: string | null, { avif } = { avif: false }): EncodedFormat {
  const named = new Negotiator({ headers: { accept: accept ?? '' } }).mediaTypes().map((type) => type.toLowerCase());
  const modern = ([...(avif ? ['image/avif'] : []), 'image/webp'] as const).filter((type) => named.includes(type));
  const wanted = accepted(accept, [...modern, 'image/jpeg', 'image/png'] as const)[0];
  return imageFormats[wanted as keyof typeof imageFormats] ?? 'JPEG';
}

const imageFormats = { 'image/avif': 'AVIF', 'image/webp': 'WEBP', 'image/jpeg': 'JPEG', 'image/png': 'PNG' } as const;

/** The page's language that an Accept-Language header wants most; English where it wants neither. */
export function acceptedLanguage(header: string | null): 'en' | 'zh' {
  const wanted = new Negotiator({ headers: { 'accept-language': header ?? '' } }).languages();
  return /^zh\b/i.test(wanted.find((language) => /^(en|zh)\b/i.test(language)) ?? '') ? 'zh' : 'en';
}

/** The first of the offered content codings that an Accept-Encoding header takes. */
export function acceptedCoding<Coding extends string>(
  header: string | null,
  offers: readonly Coding[],
): Coding | 'identity' {
  const taken = new Negotiator({ headers: { 'accept-encoding': header ?? '' } }).encodings([...offers]);
  return offers.find((offer) => taken.includes(offer)) ?? 'identity';
}
