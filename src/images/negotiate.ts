export type EncodedFormat = 'PNG' | 'JPEG' | 'WEBP' | 'AVIF';

/**
 * The format for a client that leaves it to us: WebP where its Accept header names it, else JPEG or PNG, whichever it would
 * rather have. AVIF is never chosen: it takes a second to make.
 *
 * A wildcard does not count as naming WebP: programs that send `*` (any type) are those that cannot be asked.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
export function negotiatedFormat(accept: string): EncodedFormat {
  const weights = parseAccept(accept);
  const weightOf = (type: string) => weights.get(type) ?? weights.get('image/*') ?? weights.get('*/*') ?? 0;
  const webp = weights.get('image/webp') ?? 0;
  const jpeg = weightOf('image/jpeg');
  const png = weightOf('image/png');
  if (webp > 0 && webp >= explicit(weights, 'image/jpeg') && webp >= explicit(weights, 'image/png')) return 'WEBP';
  return png > jpeg ? 'PNG' : 'JPEG';
}

const explicit = (weights: ReadonlyMap<string, number>, type: string): number => weights.get(type) ?? 0;

/** Media type → weight 0 … 1; a weight that is no number counts as 1. */
function parseAccept(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = parameters.find((parameter) => /^q\s*=/.test(parameter));
    const weight = q === undefined ? 1 : Number(q.slice(q.indexOf('=') + 1));
    if (type !== '') weights.set(type, Number.isFinite(weight) ? Math.min(1, Math.max(0, weight)) : 1);
  }
  return weights;
}
