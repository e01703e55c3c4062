import { openStudio, untilDone } from './open-studio.js';

/** A program that makes one image after the other in DATA_DIR, and tells each when it was answered, until it is killed. */
const service = await openStudio({ dataDir: process.argv[2]! });
for (let seed = 0; ; seed++) {
  const [made, repeated] = await Promise.all([
    service.generate({ prompt: 'a cat', seed, steps: 1 }, untilDone),
    service.generate({ prompt: 'a cat', seed: Math.max(0, seed - 1), steps: 1 }, untilDone),
  ]);
  process.send!({ seed, ids: [made.id, repeated.id], imageId: made.imageIds[0] });
}
