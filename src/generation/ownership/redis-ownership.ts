import { randomUUID } from 'node:crypto';
import type { RedisLink } from '../../stores/redis/redis.js';
import type { Claim, Ownership, OwnershipEvents } from './ownership.js';
import { claim, release, renew } from './scripts.js';

export interface RedisOwnershipOptions {
  readonly link: RedisLink;
  /** After this long without a sign of life an owner has lost its generations. */
  readonly leaseMs: number;
  readonly report: (error: unknown, what: string) => void;
}

/** Stands in place of an owner that ended in order. */
const HANDED_OVER = 'handed over';
/** For which a handed over generation, and a request to cancel, wait for an owner. */
const WAIT_MS = 24 * 60 * 60 * 1000;
/** Keys of one renewal. */
const AT_ONCE = 500;

/** Each generation has a lease in Redis, which its owner renews. */
export function openRedisOwnership(options: RedisOwnershipOptions): Ownership {
  return new RedisOwnership(options);
}

class RedisOwnership implements Ownership {
  readonly leaseMs: number;
  readonly #link: RedisLink;
  readonly #report: RedisOwnershipOptions['report'];
  readonly #token = randomUUID();
  readonly #own = new Set<string>();
  readonly #renewal: NodeJS.Timeout;
  readonly #listening: Promise<() => void>[] = [];
  #events: OwnershipEvents | null = null;

  constructor({ link, leaseMs, report }: RedisOwnershipOptions) {
    this.#link = link;
    this.leaseMs = leaseMs;
    this.#report = report;
    this.#renewal = setInterval(() => this.#renew(), leaseMs / 3);
    this.#renewal.unref();
  }

  listen(events: OwnershipEvents): void {
    this.#events = events;
    const { channels } = this.#link;
    this.#listening.push(
      channels.listen('owner:cancel', {
        onMessage: (id) => {
          if (this.#own.has(id)) events.onCancel(id);
        },
        onGap: () => this.#renew(),
      }),
      channels.listen('owner:handed-over', { onMessage: (id) => events.onHandedOver(id) }),
    );
    for (const listening of this.#listening) listening.catch(() => {});
  }

  async claim(id: string): Promise<Claim | null> {
    const answer = await this.#link.answered(
      claim.run(this.#link.commands, this.#keys(id), [this.#token, this.leaseMs, HANDED_OVER]),
    );
    if (answer === 'taken') return null;
    this.#own.add(id);
    return { cancelled: answer === 'cancelled', handedOver: answer === 'handed over' };
  }

  async holds(id: string): Promise<boolean> {
    if (!this.#own.has(id)) return false;
    // A lease that ran out and was not taken meanwhile is this process's again.
    const [answer] = (await renew.run(this.#link.commands, this.#keys(id), [this.#token, this.leaseMs])) as string[];
    return answer !== 'taken';
  }

  async release(id: string, { handOver = false } = {}): Promise<void> {
    if (!this.#own.delete(id)) return;
    const [lease] = this.#keys(id);
    const args = [this.#token, handOver ? HANDED_OVER : '', WAIT_MS];
    const wasOwn = await this.#link.answered(release.run(this.#link.commands, [lease!], args));
    if (handOver && wasOwn === 1) await this.#publish('handed-over', id);
  }

  async ownerless(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const owners = await this.#link.answered(this.#link.commands.mget(ids.map((id) => this.#keys(id)[0]!)));
    return ids.filter((_, i) => owners[i] === null || owners[i] === HANDED_OVER);
  }

  async requestCancel(id: string): Promise<void> {
    const [, request] = this.#keys(id);
    await this.#link.answered(this.#link.commands.set(request!, '1', 'PX', WAIT_MS));
    await this.#publish('cancel', id);
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal);
    for (const listening of this.#listening)
      listening.then(
        (stop) => stop(),
        () => {},
      );
  }

  async #renew(): Promise<void> {
    const own = [...this.#own];
    try {
      for (let i = 0; i < own.length; i += AT_ONCE) {
        const ids = own.slice(i, i + AT_ONCE);
        const keys = ids.flatMap((id) => this.#keys(id));
        const answers = (await renew.run(this.#link.commands, keys, [this.#token, this.leaseMs])) as string[];
        for (const [n, id] of ids.entries()) {
          // Released meanwhile.
          if (!this.#own.has(id))
            void release.run(this.#link.commands, [keys[2 * n]!], [this.#token, '', 0]).catch(() => {});
          else if (answers[n] === 'taken') this.#lose(id);
          else if (answers[n] === 'cancelled') this.#events?.onCancel(id);
        }
      }
    } catch (error) {
      this.#report(error, 'renewing the leases of generations');
    }
  }

  #lose(id: string): void {
    this.#own.delete(id);
    this.#events?.onLost(id);
  }

  #publish(channel: string, id: string): Promise<unknown> {
    return this.#link.answered(this.#link.commands.publish(this.#link.key('owner', channel), id));
  }

  #keys(id: string): string[] {
    return [this.#link.key('owner', 'lease', id), this.#link.key('owner', 'cancelled', id)];
  }
}
