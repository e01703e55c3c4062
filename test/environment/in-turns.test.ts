import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { joined, sha256 } from '../../src/environment/in-turns.js';

const bytes = new Uint8Array(randomBytes(2 ** 20 + 7));
const large = Array.from({ length: 96 }, () => bytes);

/** How often the event loop came round before `work` was done. */
async function roundsDuring<T>(work: Promise<T>): Promise<{ rounds: number; result: T }> {
  let rounds = 0;
  let done = false;
  const turn = () => {
    rounds += 1;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  const result = await work.finally(() => {
    done = true;
  });
  return { rounds, result };
}

it('pieces become one, in their order', async () => {
  const whole = await joined([bytes, bytes.subarray(0, 5)], bytes.length + 5);
  expect(Buffer.concat([bytes, bytes.subarray(0, 5)]).equals(whole)).toBe(true);
});

it.each([
  ['fewer', 9],
  ['more', 11],
])('pieces of %s bytes than were told are refused', async (_, length) => {
  await expect(joined([new Uint8Array(10)], length)).rejects.toThrow();
});

it('a hash is that of all the bytes', async () => {
  for (const each of [bytes, new Uint8Array(0)])
    expect(await sha256(each)).toBe(createHash('sha256').update(each).digest('hex'));
});

it('others have their turn while a hundred megabytes are put together, and while they are hashed', async () => {
  const { rounds, result } = await roundsDuring(joined(large, bytes.length * large.length));
  expect(rounds).toBeGreaterThan(2);
  expect((await roundsDuring(sha256(result))).rounds).toBeGreaterThan(2);
});
