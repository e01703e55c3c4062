export type EncodedFormat = 'PNG' | 'JPEG' | 'WEBP' | 'AVIF';
/** AUTO leaves it to the server and the request's Accept header. */
export type ImageFormat = 'AUTO' | EncodedFormat;

/** How an image is asked for over HTTP. */
export interface VariantRequest {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly quality?: number | undefined;
  readonly format: EncodedFormat;
  /** Whether the client follows a redirect to another address. */
  readonly mayRedirect?: boolean;
}

export type VariantResult =
  | {
      readonly outcome: 'found';
      readonly body: Uint8Array;
      readonly contentType: string;
      /** Strong, quoted. */
      readonly etag: string;
    }
  /** Its bytes are at another address for so many seconds. */
  | { readonly outcome: 'elsewhere'; readonly url: string; readonly seconds: number; readonly etag: string }
  /** `gone`: known once, evicted since. */
  | { readonly outcome: 'gone' | 'unknown' };
