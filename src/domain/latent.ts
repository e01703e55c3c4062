// The grids that images, latents and tokens of this family lie on.

/** Side of a latent cell, in pixels. */
export const LATENT_CELL = 8;
/** Channels of a latent cell. */
export const LATENT_CHANNELS = 16;
/** Side of an image token, in latent cells. */
export const PATCH = 2;
/** Side of an image token, in pixels: sides of images are multiples of it while they are worked on. */
export const TOKEN_SIDE = PATCH * LATENT_CELL;
/** Every stream of tokens is padded to a multiple of this (SEQ_MULTI_OF in the reference). */
export const SEQUENCE_MULTIPLE = 32;

/** A stream's length with its padding, in tokens. */
export function paddedLength(tokens: number): number {
  return Math.ceil(tokens / SEQUENCE_MULTIPLE) * SEQUENCE_MULTIPLE;
}
