import type { ImageRecord } from '../../src/domain/image.js';

/** An image as a store sees it. */
export const imageRecordOf = (name: string, changes: Partial<ImageRecord> = {}): ImageRecord => ({
  id: `image ${name}`,
  fingerprint: `fingerprint ${name}`,
  width: 64,
  height: 80,
  thumbhash: 'abc=',
  seed: Number.MAX_SAFE_INTEGER,
  bytes: 1234,
  regions: [{ x: 1, y: 2, width: 30, height: 40 }],
  ...changes,
});
