import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ImageStore, ImageStoreOptions } from '../../src/stores/images/image-store.js';

export interface ImageStorePlace {
  open(options: ImageStoreOptions): Promise<ImageStore>;
  /** Changes a stored image behind the store's back; null removes it. Resolves when the store would notice. */
  damage(id: string, bytes: Uint8Array | null): Promise<void>;
}

const image = (name: string): Uint8Array => Buffer.from(name.repeat(100).slice(0, 100));
const addressOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

type NewPlace = () => Promise<ImageStorePlace>;

async function openedIn(newPlace: NewPlace, maxBytes = 10_000) {
  const place = await newPlace();
  const gone: string[] = [];
  const onGone = (ids: readonly string[]) => gone.push(...ids);
  const open = () => place.open({ maxBytes, onGone });
  return { place, gone, store: await open(), reopen: open };
}

/** What every image store does, wherever the images lie. `newPlace` gives an empty one. */
export function imageStoreConformance(name: string, newPlace: NewPlace): void {
  const opened = () => openedIn(newPlace);

  describe(`${name} is an image store that`, () => {
    it('gives back what it was given, under the hash of its bytes', async () => {
      const { store } = await opened();
      const id = await store.put(image('a'));
      expect(id).toBe(addressOf(image('a')));
      expect(Buffer.from((await store.read(id))!)).toEqual(image('a'));
      expect(await store.intact(id)).toBe(true);
      expect(await store.put(image('a'))).toBe(id);
    });

    it('knows nothing of other addresses, whatever they look like', async () => {
      const { store } = await opened();
      for (const id of [addressOf(image('b')), '', '../secret', 'A'.repeat(64)]) {
        expect(await store.read(id)).toBeNull();
        expect(await store.intact(id)).toBe(false);
      }
    });

    it('takes damaged bytes for missing, and removes them', async () => {
      const { store, place, gone } = await opened();
      const [a, b] = [await store.put(image('a')), await store.put(image('b'))];
      await place.damage(a, image('x'));
      await place.damage(b, null);
      expect(await store.intact(a)).toBe(false);
      expect(await store.read(b)).toBeNull();
      expect(gone).toEqual([a, b]);
      await store.put(image('a'));
      expect(await store.intact(a)).toBe(true);
    });

    it('still has everything when it is opened again, and checks it', async () => {
      const { store, place, reopen } = await opened();
      const [a, b] = [await store.put(image('a')), await store.put(image('b'))];
      await store.close();
      await place.damage(a, image('x'));
      const again = await reopen();
      expect([await again.intact(a), await again.intact(b)]).toEqual([false, true]);
    });

    it('takes the same image from many at once', async () => {
      const { store } = await opened();
      const ids = await Promise.all(Array.from({ length: 10 }, () => store.put(image('a'))));
      expect(new Set(ids).size).toBe(1);
      expect(await store.intact(ids[0]!)).toBe(true);
    });
  });
}

/** What an image store does that has a budget, and lets images go to keep to it. */
export function boundedImageStoreConformance(name: string, newPlace: NewPlace): void {
  const opened = (maxBytes?: number) => openedIn(newPlace, maxBytes);

  describe(`${name} is an image store that`, () => {
    it('keeps to its budget: what was used longest ago leaves, and is told', async () => {
      const { store, gone } = await opened(300);
      const [a, b, c] = [await store.put(image('a')), await store.put(image('b')), await store.put(image('c'))];
      await store.read(a);
      await store.intact(b);
      await store.put(image('d'));
      expect(gone).toEqual([c]);
      expect([await store.intact(a), await store.intact(b), await store.intact(c)]).toEqual([true, true, false]);
    });

    it('counts what was there before towards its budget', async () => {
      const { store, reopen, gone } = await opened(200);
      await store.put(image('a'));
      await store.put(image('b'));
      await store.close();
      const again = await reopen();
      await again.put(image('c'));
      expect(gone).toHaveLength(1);
    });

    it('lets go of as much as it is asked for, never more than half of what it has', async () => {
      const { store, gone } = await opened();
      const ids = await Promise.all(['a', 'b', 'c', 'd'].map((name) => store.put(image(name))));
      expect(await store.release(250)).toBe(0);
      expect(await store.release(150)).toBe(200);
      expect(gone).toHaveLength(2);
      const left = await Promise.all(ids.map((id) => store.intact(id)));
      expect(left.filter((there) => there)).toHaveLength(2);
    });

    it('takes an image that alone exceeds the budget, since somebody waits for it', async () => {
      const { store } = await opened(50);
      expect(await store.intact(await store.put(image('a')))).toBe(true);
    });
  });
}
