/** What libvips writes into a JPEG's one segment is less than 64 KB; beyond that it leaves all of it away. */
export const jpegXmpBytes = 60_000;

/** What a text ends with where the rest of it was cut off. */
const ellipsis = '…';
/** Of the description, which only repeats the prompt. */
const descriptionBytes = 1000;

/** Our own texts of any length, by the element that holds them. Their `<` is escaped, so that the next one ends them. */
const texts = {
  Prompt: /(?<=<inkstone:Prompt>)[^<]*/,
  NegativePrompt: /(?<=<inkstone:NegativePrompt>)[^<]*/,
} as const;
const description = /(?<=<rdf:li xml:lang="x-default">)[^<]*/;
const end = '  </rdf:Description>';

/**
 * A recipe's XMP (`recipeAsXmp`) in at most so many bytes of UTF-8: where it is longer, its texts are shortened, the longest first, and
 * `inkstone:Shortened` names them. Everything else stays: the mark, seed, model and fingerprint.
 */
export function fitXmp(xmp: string, maxBytes: number): string {
  if (Buffer.byteLength(xmp) <= maxBytes) return xmp;
  const described = xmp.replace(description, (text) => shortened(text, descriptionBytes));
  const found = Object.entries(texts).map(([name, place]) => ({
    name,
    place,
    bytes: Buffer.byteLength(place.exec(described)?.[0] ?? ''),
  }));
  const flag = (names: readonly string[]) => `   <inkstone:Shortened>${names.join(', ')}</inkstone:Shortened>\n`;
  const overhead = Buffer.byteLength(described + flag(Object.keys(texts))) - sum(found.map(({ bytes }) => bytes));
  const most = evenly(
    found.map(({ bytes }) => bytes),
    maxBytes - overhead,
  );
  const cut = found.filter(({ bytes }) => bytes > most);
  const fitting = cut.reduce((text, { place }) => text.replace(place, (old) => shortened(old, most)), described);
  return cut.length === 0 ? fitting : fitting.replace(end, () => flag(cut.map(({ name }) => name)) + end);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** The most that each may be long so that all together are no longer than `room`. */
function evenly(lengths: readonly number[], room: number): number {
  let left = Math.max(0, room);
  const sorted = [...lengths].sort((a, b) => a - b);
  for (const [i, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - i));
    if (length > share) return share;
    left -= length;
  }
  return Number.POSITIVE_INFINITY;
}

/** The beginning of a text with escapes, in at most so many bytes, cut neither inside of a character nor of an escape. */
function shortened(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let at = Math.max(0, maxBytes - Buffer.byteLength(ellipsis));
  while (at > 0 && (bytes[at]! & 0xc0) === 0x80) at--;
  const kept = bytes.toString('utf8', 0, at);
  const entity = kept.lastIndexOf('&');
  return (entity > kept.lastIndexOf(';') ? kept.slice(0, entity) : kept) + ellipsis;
}
