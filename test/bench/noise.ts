import { randomBytes } from 'node:crypto';
import sharp from 'sharp';

/** An image of 17 MB, since noise does not compress. */
export function noisePng(): Promise<Buffer> {
  const [width, height] = [2400, 2400];
  return sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}
