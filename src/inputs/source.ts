import type { Mask, Pixels } from '../engine/engine.js';

/** A picture as a client names it: exactly one of the three. */
export interface ImageRequest {
  /** Of a picture of ours: the sha256 of its master. */
  readonly id?: string | null | undefined;
  /** A file of a multipart request. */
  readonly upload?: Blob | null | undefined;
  /** Where to fetch it from, over HTTP. */
  readonly url?: string | null | undefined;
}

/** A picture that came in: upright, sRGB, on white where it was transparent. */
export interface Source {
  readonly pixels: Pixels;
  /** Of size and pixels: however it came and was encoded, the same picture has the same. Lower-case hex. */
  readonly sha256: string;
  /** Its id, where it is a picture of ours. */
  readonly imageId: string | null;
}

/** A mask that came in. What was transparent is black. */
export interface MaskSource {
  readonly mask: Mask;
  /** Of size and values. */
  readonly sha256: string;
}
