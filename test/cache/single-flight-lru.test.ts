import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CoalescingCache, type Make } from '../../src/cache/single-flight-lru.js';

interface Value {
  readonly name: string;
}

const stays = () => new AbortController().signal;

function cacheWith(maxBytes = 1000) {
  const lru = new CoalescingCache<Value>({ maxBytes, bytesOf: () => 10 });
  const flights: {
    signal: AbortSignal;
    land(name: string): void;
    crash(error: Error): void;
  }[] = [];
  const make: Make<Value> = (signal) =>
    new Promise((resolve, reject) => {
      flights.push({ signal, land: (name) => resolve({ name }), crash: reject });
    });
  return { lru, flights, make };
}

describe('the single-flight LRU', () => {
  it('makes a value once for all that want it at the same time, and says how each came by it', async () => {
    const { lru, flights, make } = cacheWith();
    const all = [1, 2, 3].map(() => lru.get('a', make, { signal: stays() }));
    flights[0]!.land('x');
    expect((await Promise.all(all)).map(({ outcome }) => outcome)).toEqual(['MISS', 'SHARED', 'SHARED']);
    expect(await lru.get('a', make, { signal: stays() })).toEqual({ value: { name: 'x' }, outcome: 'HIT' });
    expect(flights).toHaveLength(1);
  });

  it('lets the first caller leave without harm to the second', async () => {
    const { lru, flights, make } = cacheWith();
    const leaving = new AbortController();
    const first = lru.get('a', make, { signal: leaving.signal });
    const second = lru.get('a', make, { signal: stays() });
    leaving.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    expect(flights[0]!.signal.aborted).toBe(false);
    flights[0]!.land('x');
    expect((await second).value.name).toBe('x');
  });

  it('stops the work when the last has left; the next caller starts afresh, and is not disturbed by what lands late', async () => {
    const { lru, flights, make } = cacheWith();
    const leaving = new AbortController();
    const both = [1, 2].map(() => lru.get('a', make, { signal: leaving.signal }));
    leaving.abort(new Error('left'));
    await Promise.allSettled(both);
    expect(flights[0]!.signal.aborted).toBe(true);
    const next = lru.get('a', make, { signal: stays() });
    flights[0]!.land('late');
    await sleep(0);
    expect(lru.recall('a')).toBeUndefined();
    const joining = lru.get('a', make, { signal: stays() });
    flights[1]!.land('x');
    expect(await joining).toMatchObject({ outcome: 'SHARED' });
    expect(await next).toEqual({ value: { name: 'x' }, outcome: 'MISS' });
  });

  it('remembers no failure', async () => {
    const { lru, flights, make } = cacheWith();
    const failing = [1, 2].map(() => lru.get('a', make, { signal: stays() }));
    flights[0]!.crash(new Error('no'));
    for (const { status } of await Promise.allSettled(failing)) expect(status).toBe('rejected');
    const next = lru.get('a', make, { signal: stays() });
    flights[1]!.land('x');
    expect((await next).outcome).toBe('MISS');
  });

  it('starts nothing for a caller that has already left', async () => {
    const { lru, flights, make } = cacheWith();
    await expect(lru.get('a', make, { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow('left');
    expect(flights).toHaveLength(0);
  });

  it('keeps to its budget, least recently used first', async () => {
    const { lru } = cacheWith(20);
    const put = (name: string) => lru.get(name, async () => ({ name }), { signal: stays() });
    await put('a');
    await put('b');
    lru.recall('a');
    await put('c');
    expect(['a', 'b', 'c'].map((key) => lru.recall(key)?.name)).toEqual(['a', undefined, 'c']);
  });

  it('turns what `make` throws into a rejection for everybody', async () => {
    const { lru } = cacheWith();
    const make = () => {
      throw new Error('at once');
    };
    await expect(lru.get('a', make, { signal: stays() })).rejects.toThrow('at once');
  });
});
