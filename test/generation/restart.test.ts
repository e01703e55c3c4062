import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { StoreUnusable } from '../../src/stores/unusable.js';
import { ScriptedEngine, seedsOf } from './engines.js';
import { eventsOf, newFolder, openStudio, stays, studioFor, untilDone } from './fixture.js';
import { HandClock } from './hand-clock.js';

const cat = { prompt: 'a cat', seed: 7 };
const asIs = { format: 'PNG' } as const;
const fileOf = (dataDir: string, id: string) => join(dataDir, 'images', id.slice(0, 2), `${id}.png`);

describe('after a restart', () => {
  it('a repeat is a HIT with the same address, and finished generations are still known', async () => {
    const dataDir = newFolder();
    const before = await openStudio({ dataDir });
    const first = await before.generate({ ...cat, count: 2 }, untilDone);
    const events = await eventsOf(before, first.id);
    await before.close(0);
    const engine = new ScriptedEngine();
    const service = await studioFor({ dataDir, engines: [engine] });
    expect(await service.generation(first.id)).toEqual(first);
    expect(await eventsOf(service, first.id)).toEqual([events.at(-1)]);
    expect(await eventsOf(service, first.id, events.length)).toEqual([]);
    const repeat = await service.generate({ ...cat, count: 2 }, untilDone);
    expect(repeat).toMatchObject({ cache: 'HIT', imageIds: first.imageIds });
    expect(await service.variant(repeat.imageIds[0]!, asIs)).toMatchObject({ outcome: 'found' });
    expect(engine.jobs).toHaveLength(0);
  });

  it('another content of the model, or another seed, is no HIT', async () => {
    const dataDir = newFolder();
    const before = await openStudio({ dataDir });
    await before.generate(cat, untilDone);
    await before.close(0);
    const service = await studioFor({ dataDir, modelContent: () => 'tuned since' });
    expect(await service.generate(cat, untilDone)).toMatchObject({ cache: 'MISS' });
  });

  it('what ran or waited goes on, without what was finished, and its subscribers hear the rest', async () => {
    const dataDir = newFolder();
    const program = start(dataDir, 'stuck.ts');
    const [told] = (await once(program, 'message')) as [{ ids: string[]; lastSequence: number; done: string }];
    await kill(program);
    const engine = new ScriptedEngine();
    const service = await studioFor({ dataDir, engines: [engine] });
    for (const id of told.ids) {
      const events = await eventsOf(service, id, told.lastSequence);
      const sequences = events.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      expect(sequences[0]).toBeGreaterThan(told.lastSequence);
      expect(events.at(-1)).toMatchObject({ type: 'GenerationFinished', generation: { status: 'SUCCEEDED' } });
      expect(await service.generation(id)).toMatchObject({ status: 'SUCCEEDED', queuePosition: null });
    }
    const both = (await service.generation(told.ids[0]!))!.imageIds;
    expect(both[0]).toBe(told.done);
    expect(engine.jobs.flatMap(seedsOf).sort()).toEqual([12, 2]);
  });

  it('what another version of the program left is failed in a sentence, and made when it is asked for again', async () => {
    const dataDir = newFolder();
    const program = start(dataDir, 'stuck.ts');
    const [told] = (await once(program, 'message')) as [{ ids: string[] }];
    await kill(program);
    // As the version before this one wrote jobs.
    const database = new Database(join(dataDir, 'inkstone.db'));
    const work = { operation: 'GENERATE', model: 'plain', prompt: 'a cat', steps: 4, seed: 11 };
    const plan = { jobs: [{ fingerprint: 'f', work, recipe: work, reuse: true }], takeovers: 0 };
    database.exec(`update generations set plan = '${JSON.stringify(plan)}' where plan is not null`);
    database.close();
    const engine = new ScriptedEngine();
    const service = await studioFor({ dataDir, engines: [engine] });
    const problem = { code: 'Interrupted', retryable: true, message: expect.stringContaining('upgraded') };
    for (const id of told.ids)
      expect(await service.generation(id)).toMatchObject({ status: 'FAILED', problem, queuePosition: null });
    expect(engine.jobs).toHaveLength(0);
    expect(await service.generate({ prompt: 'a cat', seed: 2, steps: 3 }, untilDone)).toMatchObject({
      status: 'SUCCEEDED',
    });
  });

  it('what two processes could not end is given up by the third', async () => {
    const dataDir = newFolder();
    let ids: string[] = [];
    for (let process = 0; process < 3; process++) {
      const program = start(dataDir, 'stuck.ts');
      const [told] = (await once(program, 'message')) as [{ ids: string[] }];
      if (process === 0) ids = told.ids;
      await kill(program);
    }
    const engine = new ScriptedEngine();
    const service = await studioFor({ dataDir, engines: [engine] });
    for (const id of ids) {
      const problem = { code: 'Interrupted', retryable: true };
      expect(await service.generation(id)).toMatchObject({ status: 'FAILED', problem, queuePosition: null });
      expect((await eventsOf(service, id, 5)).map(({ type }) => type)).toEqual(['GenerationFinished']);
    }
  });

  it.each([40, 90, 170])('nothing that was answered is lost, killed %i ms into writing', async (ms) => {
    const dataDir = newFolder();
    const program = start(dataDir, 'killed.ts');
    const told: { seed: number; ids: string[]; imageId: string }[] = [];
    program.on('message', (message) => told.push(message as (typeof told)[number]));
    await once(program, 'message');
    await sleep(ms);
    await kill(program);
    const engine = new ScriptedEngine();
    const service = await studioFor({ dataDir, engines: [engine] });
    for (const { seed, ids, imageId } of told) {
      const found = await service.generations(ids);
      expect(found.map((generation) => generation?.status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
      const repeat = await service.generate({ prompt: 'a cat', seed, steps: 1 }, untilDone);
      expect(repeat).toMatchObject({ cache: 'HIT', imageIds: [imageId] });
    }
    // Only what was under way when it was killed.
    const answered = new Set(told.map(({ seed }) => seed));
    expect(engine.jobs.flatMap(seedsOf).filter((seed) => answered.has(seed))).toEqual([]);
  });
});

describe('the data folder', () => {
  it('belongs to one process, and a second one says so', async () => {
    const dataDir = newFolder();
    await studioFor({ dataDir });
    const refusal = await openStudio({ dataDir }).catch((error) => error);
    expect(refusal).toBeInstanceOf(StoreUnusable);
    expect(refusal.message).toBe(
      `${join(dataDir, 'inkstone.db')} is in use by another process: every process needs a DATA_DIR of its own.`,
    );
  });

  it('that cannot be one says so', async () => {
    const file = join(newFolder(), 'a file');
    writeFileSync(file, '');
    const refusal = await openStudio({ dataDir: file }).catch((error) => error);
    expect(refusal).toBeInstanceOf(StoreUnusable);
    expect(refusal.message).toMatch(/^DATA_DIR .+ cannot be used: .+\.$/);
  });

  it('whose database cannot be opened says so', async () => {
    const dataDir = newFolder();
    mkdirSync(join(dataDir, 'inkstone.db'));
    const refusal = await openStudio({ dataDir }).catch((error) => error);
    expect(refusal).toBeInstanceOf(StoreUnusable);
    expect(refusal.message).toMatch(/inkstone\.db cannot be opened: .+\.$/);
  });

  it('whose images somebody removes while it runs takes new ones', async () => {
    const dataDir = newFolder();
    const service = await studioFor({ dataDir });
    const before = await service.generate(cat, untilDone);
    rmSync(join(dataDir, 'images'), { recursive: true });
    expect(await service.generate(cat, untilDone)).toMatchObject({ cache: 'MISS', imageIds: before.imageIds });
    expect(await service.generate({ ...cat, seed: 8 }, untilDone)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await service.generate(cat, untilDone)).toMatchObject({ cache: 'HIT' });
  });

  it('that is damaged says so before anything starts', async () => {
    const dataDir = newFolder();
    writeFileSync(join(dataDir, 'inkstone.db'), 'no database at all'.repeat(100));
    await expect(openStudio({ dataDir })).rejects.toThrow(/inkstone\.db cannot be opened: .+\.$/);
  });
});

describe('an image on disk', () => {
  it.each(['while it runs', 'while it is down'])(
    'that is damaged %s is made again, at the same address',
    async (when) => {
      const dataDir = newFolder();
      const before = await openStudio({ dataDir });
      const { imageIds } = await before.generate(cat, untilDone);
      const file = fileOf(dataDir, imageIds[0]!);
      if (when === 'while it is down') await before.close(0);
      truncateSync(file, 100);
      const engine = new ScriptedEngine();
      const service = when === 'while it is down' ? await studioFor({ dataDir, engines: [engine] }) : before;
      expect(await service.variant(imageIds[0]!, asIs)).toEqual({ outcome: 'gone' });
      expect(await service.generate(cat, untilDone)).toMatchObject({ cache: 'MISS', imageIds });
      expect(await service.variant(imageIds[0]!, asIs)).toMatchObject({ outcome: 'found' });
      expect(await service.generate(cat, untilDone)).toMatchObject({ cache: 'HIT' });
      await service.close(0);
    },
  );

  it('that somebody removed is made again', async () => {
    const dataDir = newFolder();
    const service = await studioFor({ dataDir });
    const { imageIds } = await service.generate(cat, untilDone);
    rmSync(fileOf(dataDir, imageIds[0]!));
    expect(await service.generate(cat, untilDone)).toMatchObject({ cache: 'MISS', imageIds });
  });

  it('that was evicted is gone, and known to be; others never were', async () => {
    const dataDir = newFolder();
    const service = await studioFor({ dataDir, env: { IMAGE_STORE_BYTES: '3000' } });
    const made = [];
    for (let seed = 0; seed < 5; seed++) made.push(await service.generate({ ...cat, seed }, untilDone));
    const [oldest, newest] = [made[0]!.imageIds[0]!, made[4]!.imageIds[0]!];
    expect(await service.variant(oldest, asIs)).toEqual({ outcome: 'gone' });
    expect(await service.variant(newest, asIs)).toMatchObject({ outcome: 'found' });
    expect(await service.variant('0'.repeat(64), asIs)).toEqual({ outcome: 'unknown' });
    expect(await service.variant('../../etc/passwd', asIs)).toEqual({ outcome: 'unknown' });
    expect(await service.image(oldest)).toMatchObject({ id: oldest });
    const files = readdirSync(join(dataDir, 'images'), { recursive: true }).filter((name) =>
      String(name).endsWith('.png'),
    );
    expect(files.length).toBeLessThan(5);
    expect(await service.generate({ ...cat, seed: 0 }, untilDone)).toMatchObject({ cache: 'MISS', imageIds: [oldest] });
    expect(await service.variant(oldest, asIs)).toMatchObject({ outcome: 'found' });
  });
});

describe('the records', () => {
  it('are bounded: the oldest generations leave', async () => {
    const dataDir = newFolder();
    const clock = new HandClock();
    const before = await openStudio({ dataDir, env: { GENERATION_LIMIT: '3' }, clock });
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      ids.push((await before.generate(cat, stays(10_000))).id);
      // Of two that began in the same millisecond neither is the older one.
      clock.advance(1);
    }
    await before.close(0);
    const service = await studioFor({ dataDir, env: { GENERATION_LIMIT: '3' } });
    const left = (await service.generations(ids)).map((generation) => generation !== null);
    expect(left).toEqual([false, false, false, true, true, true]);
  });
});

function start(dataDir: string, script: string): ChildProcess {
  return fork(join(import.meta.dirname, script), [dataDir]);
}

async function kill(program: ChildProcess): Promise<void> {
  const gone = once(program, 'exit');
  program.kill('SIGKILL');
  await gone;
}
