/** The formats that an image may come in. */
export type InputFormat = 'PNG' | 'JPEG' | 'WebP' | 'AVIF' | 'GIF';

/** What the first bytes say: a format that is read, or a word for what it is instead. */
export type Sniffed =
  | { readonly format: InputFormat; readonly name: string }
  | { readonly format: null; readonly name: string };

/** Bytes at a place, written as Latin-1. */
type Sign = readonly [at: number, text: string];

/**
 * What a file is, from its content alone, not from its name or declared type. (file-type is not used: it goes by an AVIF file's major
 * brand alone, and its current version needs Node 22.)
 *
 * @see https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
 */
export function sniff(bytes: Uint8Array): Sniffed {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headBytes)).toString('latin1');
  const has = (signs: readonly Sign[]) => signs.every(([at, text]) => start.startsWith(text, at));
  const format = formats.find(([, ...signs]) => has(signs))?.[0] ?? (isAvif(start) ? 'AVIF' : null);
  if (format !== null) return { format, name: format };
  if (bytes.length === 0) return { format: null, name: 'an empty file' };
  const other = others.find(([, ...signs]) => has(signs))?.[0];
  return { format: null, name: other ?? (looksLikeMarkup(start) ? 'SVG or other markup' : 'something else') };
}

const headBytes = 512;

const formats: readonly (readonly [InputFormat, ...Sign[]])[] = [
  ['PNG', [0, '\x89PNG\r\n\x1A\n']],
  ['JPEG', [0, '\xFF\xD8\xFF']],
  ['WebP', [0, 'RIFF'], [8, 'WEBP']],
  ['GIF', [0, 'GIF87a']],
  ['GIF', [0, 'GIF89a']],
];

const others: readonly (readonly [string, ...Sign[]])[] = [
  ['TIFF', [0, 'II*\0']],
  ['TIFF', [0, 'MM\0*']],
  ['PDF', [0, '%PDF-']],
  ['BMP', [0, 'BM']],
  ['JPEG XL', [0, '\xFF\x0A']],
  ['JPEG XL', [4, 'JXL ']],
  ['JPEG 2000', [4, 'jP  ']],
  ['HEIF', [4, 'ftyp']],
  ['a gzip file', [0, '\x1F\x8B']],
  ['a ZIP file', [0, 'PK']],
];

/** The box `ftyp`: size, name, major brand, version, then brands that it is compatible with. ISO/IEC 14496-12 §4.3. */
function isAvif(start: string): boolean {
  if (!start.startsWith('ftyp', 4)) return false;
  const end = Buffer.from(start.slice(0, 4), 'latin1').readUInt32BE();
  const brands: readonly string[] = start.slice(8, end).match(/.{4}/gs) ?? [];
  return brands.includes('avif') || brands.includes('avis');
}

function looksLikeMarkup(start: string): boolean {
  return /^(\xEF\xBB\xBF)?\s*</.test(start);
}
