import { expect, it } from 'vitest';
import { Room } from '../../src/environment/room.js';

it('a waiter that leaves is told at once, its work never runs, and the next has the place', async () => {
  const room = new Room(1);
  let leave: () => void = () => {};
  const inside = room.run(() => new Promise<void>((resolve) => (leave = resolve)));
  const abort = new AbortController();
  const ran: string[] = [];
  const waiter = room.run(async () => ran.push('waiter'), abort.signal);
  const next = room.run(async () => ran.push('next'), new AbortController().signal);
  abort.abort(new Error('gone'));
  await expect(waiter).rejects.toThrow('gone');
  expect(ran).toEqual([]);
  leave();
  await Promise.all([inside, next]);
  expect(ran).toEqual(['next']);
});

it('work that has a place goes on when its signal is aborted, and ends it itself', async () => {
  const abort = new AbortController();
  const result = await new Room(1).run(async () => {
    abort.abort();
    return 'done';
  }, abort.signal);
  expect(result).toBe('done');
});
