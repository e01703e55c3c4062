export type ImageFormat = 'AUTO' | 'PNG' | 'JPEG' | 'WEBP' | 'AVIF';

/** How an image is asked for over HTTP. */
export interface VariantRequest {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly quality?: number | undefined;
  /** AUTO is resolved with `accept`. */
  readonly format: ImageFormat;
  /** The request's Accept header. */
  readonly accept: string;
}

export type VariantResult =
  | {
      readonly outcome: 'found';
      readonly body: Uint8Array;
      readonly contentType: string;
      /** Strong, quoted. */
      readonly etag: string;
      /** Whether Accept decided the format, so that the answer must carry `Vary: Accept`. */
      readonly negotiated: boolean;
    }
  /** `gone`: known once, evicted since. */
  | { readonly outcome: 'gone' | 'unknown' };
