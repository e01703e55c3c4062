import { describe, expect, it } from 'vitest';
import { PixelRoom } from '../../src/images/pixel-room.js';

const stays = new AbortController().signal;
/** Lets everything happen that can. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('room for decoded pixels', () => {
  it('is given first come first served, and again when somebody leaves', async () => {
    const room = new PixelRoom(100);
    const inside: string[] = [];
    const visits = ['a', 'b', 'c'].map((name) => {
      const visit = room.visit();
      void visit.enter(60, stays).then(() => inside.push(name));
      return visit;
    });
    await settled();
    expect(inside).toEqual(['a']);
    visits[0]!.leave();
    await settled();
    expect(inside).toEqual(['a', 'b']);
    visits[1]!.leave();
    visits[1]!.leave();
    await settled();
    expect(inside).toEqual(['a', 'b', 'c']);
  });

  it("never makes a visit wait for its further images, so that two do not wait for each other's end", async () => {
    const room = new PixelRoom(100);
    const [a, b] = [room.visit(), room.visit()];
    await Promise.all([a.enter(50, stays), b.enter(50, stays)]);
    await Promise.all([a.enter(50, stays), b.enter(50, stays)]);
    a.leave();
    b.leave();
    await room.visit().enter(100, stays);
  });

  it('takes one that is larger than itself alone', async () => {
    const room = new PixelRoom(100);
    const large = room.visit();
    await large.enter(1000, stays);
    const next = room.visit();
    let entered = false;
    void next.enter(1, stays).then(() => {
      entered = true;
    });
    await settled();
    expect(entered).toBe(false);
    large.leave();
    await settled();
    expect(entered).toBe(true);
  });

  it('lets those who wait behind one who leaves the line come in', async () => {
    const room = new PixelRoom(100);
    await room.visit().enter(80, stays);
    const leaving = new AbortController();
    const waiting = room.visit().enter(90, leaving.signal);
    const small = room.visit().enter(10, stays);
    leaving.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await small;
  });
});
