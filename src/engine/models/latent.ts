/** Side of a latent's cell in pixels, and channels of a latent. */
export const LATENT_CELL = 8;
export const LATENT_CHANNELS = 16;
