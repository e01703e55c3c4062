import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageUnavailable } from '../../src/domain/problems.js';
import type { CallersUseCases } from './as-caller.js';
import { ScriptedEngine } from './engines.js';
import { HandClock } from './hand-clock.js';
import { eventsOf, newFolder, openStudio, painter, stays, tiny, untilDone } from './open-studio.js';
import { cannotMount, mountReadOnly, mountSmallDisk, type SmallDisk } from './small-disk.js';

const cat = { prompt: 'a cat', seed: 1 };
const dog = { prompt: 'a dog', seed: 1 };
let clock: HandClock;
beforeEach(() => {
  clock = new HandClock();
});

/** The next look at the disk, and what it finds. */
async function readiness(service: CallersUseCases): Promise<string | null> {
  clock.advance(1000);
  return service.notReady();
}
const imagesIn = (folder: string) =>
  readdirSync(join(folder, 'images'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));

describe.skipIf(cannotMount !== null)(
  `on a full disk${cannotMount === null ? '' : ` (skipped: ${cannotMount})`}`,
  () => {
    let disk: SmallDisk;
    let service: CallersUseCases;
    beforeEach(async () => {
      disk = mountSmallDisk(8);
      service = await open();
    });
    afterEach(async () => {
      await service.close(0);
      disk.unmount();
    });
    const engine = new ScriptedEngine();
    const open = () => openStudio({ dataDir: disk.folder, clock, catalog: [tiny, painter], engines: [engine] });
    /** With nothing that could leave to make room. */
    async function fillWithout(remembered: typeof cat | null) {
      if (remembered !== null) await service.generate(remembered, untilDone);
      disk.fill();
    }

    it('what is remembered is answered, also from memory only, and can be asked for by its id', async () => {
      await fillWithout(cat);
      for (const cache of ['DEFAULT', 'ONLY'] as const) {
        const generation = await service.generate({ ...cat, cache }, untilDone);
        expect([generation.status, generation.cache]).toEqual(['SUCCEEDED', 'HIT']);
        expect(await service.generation(generation.id)).toEqual(generation);
        expect((await eventsOf(service, generation.id)).at(-1)?.type).toBe('GenerationFinished');
        const found = await service.variant(generation.imageIds[0]!, { format: 'PNG' });
        expect(found.outcome).toBe('found');
      }
    });

    it('nothing that is only answered makes images leave', async () => {
      await fillWithout(cat);
      for (let i = 0; i < 20; i++) await service.generate(cat, untilDone);
      expect(imagesIn(disk.folder)).toHaveLength(1);
    });

    it('what must be made is refused with a problem that says that it may be made later', async () => {
      await fillWithout(null);
      const refusal: unknown = await service.generate(dog, untilDone).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StorageUnavailable);
      expect(refusal).toMatchObject({ retryable: true, code: 'STORAGE_UNAVAILABLE' });
      const upload = new Blob([
        new Uint8Array(
          await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
            .png()
            .toBuffer(),
        ),
      ]);
      const edit = service.edit({ ...dog, strength: 0.5, image: { upload } }, untilDone);
      await expect(edit).rejects.toBeInstanceOf(StorageUnavailable);
    });

    it('work that had begun ends with the same problem', async () => {
      let goOn = () => {};
      const filled = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      engine.script = { beforeStep: () => filled };
      const begun = await service.generate({ prompt: 'a dog', count: 4, seed: 1, width: 512, height: 128 }, stays());
      disk.fill();
      goOn();
      engine.script = {};
      const last = (await eventsOf(service, begun.id)).at(-1)!.generation;
      expect(last.problem).toMatchObject({ code: 'StorageUnavailable', retryable: true });
    });

    it('is not ready for new work, and is again by itself when there is room', async () => {
      expect(await readiness(service)).toBeNull();
      await fillWithout(cat);
      expect(await readiness(service)).toBe('Nothing can be stored.');
      expect(service.ready()).toBe(false);
      const told = await service.generate(cat, untilDone);
      disk.empty();
      expect(await readiness(service)).toBeNull();
      expect((await service.generate(dog, untilDone)).status).toBe('SUCCEEDED');
      // What was only told meanwhile has been written since.
      await service.close(0);
      service = await open();
      expect(await service.generation(told.id)).toEqual(told);
    });

    it('images that were asked for longest ago leave for a new one', async () => {
      const before = [];
      for (let i = 0; i < 12; i++)
        before.push(await service.generate({ ...cat, seed: 100 * i, count: 4, width: 512, height: 128 }, untilDone));
      disk.fill();
      const made = await service.generate(dog, untilDone);
      expect(made.status).toBe('SUCCEEDED');
      const outcomes = async (generation: { imageIds: readonly string[] } | undefined) => {
        const variants = generation!.imageIds.map((id) => service.variant(id, { format: 'PNG' }));
        return (await Promise.all(variants)).map(({ outcome }) => outcome);
      };
      expect(await outcomes(before.at(0))).toContain('gone');
      expect(await outcomes(before.at(-1))).not.toContain('gone');
      const kept = await service.variant(made.imageIds[0]!, { format: 'PNG' });
      expect(kept.outcome).toBe('found');
    });

    it('it starts with what it has', async () => {
      const told = await service.generate(cat, untilDone);
      await service.close(0);
      disk.fill();
      service = await open();
      expect(await service.generation(told.id)).toEqual(told);
      expect((await service.generate({ ...cat, cache: 'ONLY' }, untilDone)).cache).toBe('HIT');
      expect(await readiness(service)).toBe('Nothing can be stored.');
    });

    it('where images can only be read, what is remembered is answered and the rest may be made later', async () => {
      await service.generate(cat, untilDone);
      const writable = mountReadOnly(join(disk.folder, 'images'));
      try {
        expect((await service.generate(cat, untilDone)).cache).toBe('HIT');
        const failed = await service.generate(dog, untilDone);
        expect(failed.problem).toMatchObject({ code: 'StorageUnavailable', retryable: true });
        expect(await readiness(service)).toBe('Nothing can be stored.');
      } finally {
        writable();
      }
      expect(await readiness(service)).toBeNull();
      expect((await service.generate(dog, untilDone)).status).toBe('SUCCEEDED');
    });
  },
);

describe('when the thread of the records has ended', () => {
  it('the server is not ready, answers from memory what it can, and calls the rest retryable', async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker) => workers.push(worker);
    process.on('worker', note);
    const service = await openStudio({ dataDir: newFolder(), clock });
    process.off('worker', note);
    await service.generate(cat, untilDone);
    expect(await readiness(service)).toBeNull();
    await Promise.all(workers.map((worker) => worker.terminate()));
    expect(await readiness(service)).toBe('The records cannot be read.');
    expect((await service.generate(cat, untilDone)).cache).toBe('HIT');
    await expect(service.generate(dog, untilDone)).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(service.generation('unknown')).rejects.toBeInstanceOf(StorageUnavailable);
    await service.close(0);
  });
});
