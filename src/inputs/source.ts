import type { Pixels } from '../engine/engine.js';

/** An image as a client names it: exactly one of the three. */
export interface ImageRequest {
  /** Of an image of ours: the sha256 of its master. */
  readonly id?: string | null | undefined;
  /** A file of a multipart request. */
  readonly upload?: Blob | null | undefined;
  /** Where to fetch it from, over HTTP. */
  readonly url?: string | null | undefined;
}

/** An image that came in: upright, sRGB, on white where it was transparent. */
export interface Source {
  readonly pixels: Pixels;
  /** Of size and pixels: however it came and was encoded, the same image has the same. Lower-case hex. */
  readonly sha256: string;
  /** Its id, where it is an image of ours. */
  readonly imageId: string | null;
}
