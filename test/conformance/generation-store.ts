import { describe, expect, it } from 'vitest';
import type { GenerationStore } from '../../src/stores/generations/generation-store.js';
import { generationOf } from './generation.js';
import { imageRecordOf as image } from './image-record.js';

/** What every generation store does, whatever database it has. `newPlace` gives an empty one that can be opened again. */
export function generationStoreConformance(
  name: string,
  newPlace: () => Promise<{ open(rows?: number): Promise<GenerationStore> }>,
): void {
  describe(`${name} is a generation store that`, () => {
    it('keeps the newest state of each generation, also when it is opened again', async () => {
      const place = await newPlace();
      const store = await place.open();
      const running = generationOf();
      const done = { ...running, status: 'SUCCEEDED', finishedAt: running.createdAt + 5, imageIds: ['i'] } as const;
      await store.save({ generation: running, lastSequence: null, plan: null });
      await store.save({ generation: done, lastSequence: 9, plan: null });
      const expected = [null, { generation: done, lastSequence: 9, plan: null }];
      expect(await store.generations(['unknown', 'g1'])).toEqual(expected);
      await store.close();
      const again = await place.open();
      expect(await again.generations(['unknown', 'g1'])).toEqual(expected);
      await again.close();
    });

    it('tells what was left unfinished', async () => {
      const store = await (await newPlace()).open();
      const unfinished = generationOf({ id: 'left' });
      await store.save({ generation: generationOf({ id: 'done', finishedAt: 1 }), lastSequence: 1, plan: null });
      await store.save({ generation: unfinished, lastSequence: null, plan: null });
      expect(await store.unfinished()).toEqual([{ generation: unfinished, lastSequence: null, plan: null }]);
      await store.close();
    });

    it('finds an image by fingerprint and by image', async () => {
      const store = await (await newPlace()).open();
      await store.saveImage(image('a'), 1);
      expect(await store.imagesByFingerprint(['fingerprint a', 'other'])).toEqual([image('a'), null]);
      expect(await store.images(['other', 'image a'])).toEqual([null, image('a')]);
      await store.close();
    });

    it('forgets the fingerprints of images that are gone, but knows the images', async () => {
      const store = await (await newPlace()).open();
      await store.saveImage(image('a'), 1);
      await store.forget(['image a', 'never there'], 2);
      expect(await store.imagesByFingerprint(['fingerprint a'])).toEqual([null]);
      expect(await store.images(['image a'])).toEqual([image('a')]);
      await store.saveImage(image('a', { bytes: 99 }), 3);
      expect(await store.imagesByFingerprint(['fingerprint a'])).toEqual([image('a', { bytes: 99 })]);
      await store.close();
    });

    it('keeps the first image of a fingerprint, tells it to the second, and takes another when that is gone', async () => {
      const store = await (await newPlace()).open();
      const other = image('a', { id: 'image b' });
      expect(await store.saveImage(image('a'), 1)).toEqual(image('a'));
      expect(await store.saveImage(other, 2)).toEqual(image('a'));
      expect(await store.imagesByFingerprint(['fingerprint a'])).toEqual([image('a')]);
      await store.forget(['image a'], 3);
      expect(await store.saveImage(other, 4)).toEqual(other);
      expect(await store.imagesByFingerprint(['fingerprint a'])).toEqual([other]);
      await store.close();
    });

    it('lets the oldest finished generations go, and gone images', async () => {
      const store = await (await newPlace()).open(2);
      const save = (id: string, createdAt: number, finishedAt: number | null) =>
        store.save({ generation: generationOf({ id, createdAt, finishedAt }), lastSequence: 1, plan: null });
      await save('runs', 0, null);
      for (const i of [1, 2, 3, 4]) await save(`g${i}`, i, i);
      const left = await store.generations(['runs', 'g1', 'g2', 'g3', 'g4']);
      expect(left.map((stored) => stored?.generation.id ?? null)).toEqual(['runs', null, null, 'g3', 'g4']);
      for (const i of [1, 2, 3]) {
        await store.saveImage(image(`${i}`), i);
        await store.forget([`image ${i}`], i);
      }
      const images = await store.images(['image 1', 'image 2', 'image 3']);
      expect(images.map((found) => found !== null)).toEqual([false, true, true]);
      await store.close();
    });

    it('finishes what was asked before it closes', async () => {
      const place = await newPlace();
      const store = await place.open();
      const saves = Array.from({ length: 100 }, (_, i) =>
        store.save({ generation: generationOf({ id: `g${i}` }), lastSequence: null, plan: null }),
      );
      await Promise.all([...saves, store.close()]);
      const again = await place.open();
      expect(await again.unfinished()).toHaveLength(100);
      await again.close();
    });
  });
}
