import { crc32 } from 'node:zlib';

const signatureBytes = 8;
/** Length, type, 13 bytes of data, checksum. */
const headerBytes = 4 + 4 + 13 + 4;

/**
 * The PNG with a text chunk after its header: `tEXt` for ASCII, else `iTXt` in UTF-8. (`tEXt` could say Latin-1, but
 * readers disagree about its encoding.) No such text may hold a zero byte, at which many readers would end it: it becomes U+FFFD.
 *
 * @see https://www.w3.org/TR/png-3/#11textinfo
 */
export function withPngText(png: Uint8Array, keyword: string, value: string): Buffer {
  const text = value.replaceAll('\0', '\uFFFD');
  const isAscii = /^[\t\n\r\x20-\x7E]*$/.test(text);
  return withChunk(
    png,
    isAscii ? pngChunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1')) : internationalText(keyword, text),
  );
}

/**
 * The PNG with XMP, in the one chunk that readers of XMP look into: uncompressed, of this name. (libvips would compress it.)
 *
 * @see https://github.com/adobe/XMP-Toolkit-SDK/blob/main/docs/XMPSpecificationPart3.pdf §1.1.5
 */
export function withPngXmp(png: Uint8Array, xmp: string): Buffer {
  return withChunk(png, internationalText('XML:com.adobe.xmp', xmp));
}

function internationalText(keyword: string, text: string): Buffer {
  // Keyword, end, not compressed, method, no language, no translated keyword, text.
  return pngChunk('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]));
}

function withChunk(png: Uint8Array, chunk: Uint8Array): Buffer {
  const at = signatureBytes + headerBytes;
  return Buffer.concat([png.subarray(0, at), chunk, png.subarray(at)]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(4 + named.length + 4);
  chunk.writeUInt32BE(data.length, 0);
  named.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(named), 4 + named.length);
  return chunk;
}
