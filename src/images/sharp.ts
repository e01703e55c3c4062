import sharp from 'sharp';
import { Room } from '../environment/room.js';

/** One thread an image: many are made at once, and an engine on the same CPU needs the cores. */
sharp.concurrency(1);
/** libvips' own cache keeps images that are not asked for twice; ours is bounded in bytes. */
sharp.cache(false);
/** What libvips could read besides (SVG, PDF, TIFF, …) is not accepted. */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPng',
    'VipsForeignLoadJpeg',
    'VipsForeignLoadWebp',
    'VipsForeignLoadHeif',
    'VipsForeignLoadNsgif',
  ],
});

export { sharp };

/** Changes with everything that changes encoded bytes. */
export const encoderVersion = `sharp ${sharp.versions.sharp ?? ''} vips ${sharp.versions.vips}`;

/**
 * How many variants are made at once. The thread pool has four threads, which look after files and finished images too:
 * neither a repeat of a request nor a preview waits for another request's AVIF.
 */
const room = new Room(2);

/** Runs `work` when there is room on the thread pool. @throws the signal's reason when it ends the wait */
export const whenRoom = <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => room.run(work, signal);
