import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { QueueFull } from '../../src/domain/problems.js';
import type { GenerateRequest, Generation } from '../../src/generation/types.js';
import { ScriptedEngine } from './engines.js';
import { eventsOf, stays, studioFor } from './fixture.js';

/** The same numbers every time. @see https://en.wikipedia.org/wiki/Linear_congruential_generator */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

it.each([1, 2, 3])('whatever many clients do at once, every generation ends as it should (%i)', async (seed) => {
  const random = numbers(seed);
  const engines = [new ScriptedEngine(), new ScriptedEngine()];
  const service = await studioFor({ engines, env: { QUEUE_LIMIT: '12' } });
  const told: Generation[] = [];
  const cancelled = new Set<string>();

  async function client(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      const request: GenerateRequest = {
        prompt: 'a cat',
        seed: random(6) === 0 ? null : random(8),
        count: 1 + random(3),
        cache: random(5) === 0 ? 'REFRESH' : 'DEFAULT',
      };
      const generation = await service.generate(request, stays(random(2) * 50)).catch((error) => {
        expect(error).toBeInstanceOf(QueueFull);
        return null;
      });
      if (generation === null) await sleep(random(10));
      else told.push(generation);
      if (generation !== null && random(3) === 0) cancelled.add((await service.cancel(generation.id)).id);
    }
  }
  await Promise.all(Array.from({ length: 12 }, client));

  expect(told.length).toBeGreaterThan(50);
  const addresses = new Map<number, string>();
  for (const { id, count, seed: first } of told) {
    const events = await eventsOf(service, id);
    const { generation } = events.at(-1)!;
    expect(generation.status).toBe(cancelled.has(id) && generation.status === 'CANCELLED' ? 'CANCELLED' : 'SUCCEEDED');
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => events[0]!.sequence + i));
    if (generation.status === 'CANCELLED') continue;
    expect(generation.imageIds).toHaveLength(count);
    for (const [i, address] of generation.imageIds.entries()) {
      expect(addresses.get(first + i) ?? address).toBe(address);
      addresses.set(first + i, address);
    }
  }
});
