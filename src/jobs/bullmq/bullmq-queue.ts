import { createHash, randomUUID } from 'node:crypto';
import type { Job, JobEvent } from '../../domain/job.js';
import { QueueFull } from '../../domain/problems.js';
import { type RedisLink, RedisUnavailable } from '../../stores/redis/redis.js';
import type { Script } from '../../stores/redis/script.js';
import { batchKeyOf } from '../compatible.js';
import { costOf } from '../pace.js';
import {
  type Depth,
  type Joined,
  type Place,
  type Queue,
  type QueueMetrics,
  queueUnavailable,
  type Waiter,
} from '../queue.js';
import { worthTelling } from '../worth-telling.js';
import { type Bull, DELIVERY, openBull } from './bull.js';
import { FollowedRun } from './followed-run.js';
import { refusalOf } from './refusal.js';
import { SCOPE } from './scope.js';
import { census, join, leave, positions, renew, rewind } from './scripts/api.js';

export interface BullmqQueueOptions {
  readonly link: RedisLink;
  /** Requests that may wait. */
  readonly limit: number;
  /** After this long without a sign of life of a process, its generations are waited for no more. */
  readonly waiterLeaseMs: number;
  readonly report: (error: unknown, what: string) => void;
  /** A caller with twice the weight is served twice as much; left out, all have 1. */
  readonly weightOf?: (job: Pick<Job, 'caller' | 'tenant'>) => number;
}

export interface SharedQueue extends Queue {
  /** Its generations go on being waited for until their lease ends, so that another process can take them over. */
  close(): Promise<void>;
}

/** Pixel-steps that are one unit of virtual time: 64 × 64 pixels, a step. BullMQ has 2²¹ priorities. */
const UNIT = 4096;
const REWIND_FROM = 2 ** 20;
/** Positions are told at most so often, and cost at most a twentieth of Redis' time: of a long queue they are told less often. */
const ANNOUNCE_MS = 25;
const ANNOUNCE_SHARE = 20;

interface Joining {
  left: boolean;
}

interface JoinAnswer {
  readonly runs: readonly { id: string; isNew: boolean; priority: number }[];
  readonly virtual?: number;
  readonly full?: Parameters<typeof refusalOf>[0];
}

export function openBullmqQueue(options: BullmqQueueOptions): SharedQueue {
  return new BullmqQueue(options);
}

/** The queue as an API process sees it: jobs go to workers in other processes by BullMQ, events come back by streams. */
class BullmqQueue implements SharedQueue {
  readonly #options: BullmqQueueOptions;
  readonly #process = randomUUID();
  readonly #bull: Bull;
  /** Runs that generations of this process wait for, by their id. */
  readonly #runs = new Map<string, FollowedRun>();
  readonly #jobs = new Map<string, Job>();
  readonly #joining = new Map<string, Joining>();
  readonly #renewal: NodeJS.Timeout;
  #announcing: NodeJS.Timeout | null = null;
  #announcedInMs = 0;
  #stopListening: Promise<() => void>;
  #closed = false;

  constructor(options: BullmqQueueOptions) {
    this.#options = options;
    const { link, report, waiterLeaseMs } = options;
    this.#bull = openBull(link, (error) => report(error, 'BullMQ'));
    this.#stopListening = link.channels.listen(`${SCOPE}:changed`, { onMessage: () => this.#announceSoon() });
    this.#stopListening.catch(() => {});
    this.#renewal = setInterval(() => this.#renew(), waiterLeaseMs / 3);
    this.#renewal.unref();
  }

  async capacity(places: readonly Place[]): Promise<void> {
    const asked = places.map(({ fingerprint, request, caller }) => ({ fingerprint, request, caller }));
    await this.#answered(this.#join('', asked, { force: false, ask: true }));
  }

  async add(jobs: readonly Job[], waiter: Waiter, { force = false } = {}): Promise<readonly Joined[]> {
    if (jobs.length === 0) return [];
    const joining: Joining = { left: false };
    this.#joining.set(waiter.id, joining);
    try {
      const joined = this.#enter(jobs, waiter, force, joining);
      // It goes on when Redis is back, and its waiter has left by then.
      joined.catch(() => {});
      return await this.#answered(joined);
    } catch (error) {
      if (error instanceof QueueFull && error.code === 'QUEUE_UNAVAILABLE') void this.leave(waiter.id).catch(() => {});
      throw error;
    } finally {
      this.#joining.delete(waiter.id);
    }
  }

  async leave(waiter: string): Promise<void> {
    const joining = this.#joining.get(waiter);
    if (joining !== undefined) joining.left = true;
    for (const run of this.#runs.values()) {
      run.waiters.delete(waiter);
      if (run.isIdle) this.#unfollow(run);
    }
    const { link } = this.#options;
    await this.#withdraw((await this.#run(leave, [waiter, this.#process], link)) as string[]);
  }

  async position(fingerprint: string): Promise<number | null> {
    const { link } = this.#options;
    const id = await this.#answered(link.commands.hget(link.key(SCOPE, 'live'), fingerprint));
    if (id === null) return null;
    const [position] = (await this.#answered(this.#run(positions, [id]))) as number[];
    return position === undefined || position < 0 ? null : position;
  }

  async depth(): Promise<Depth> {
    const { link } = this.#options;
    const [waiting, running] = await this.#answered(
      Promise.all([link.commands.zcard(link.key(SCOPE, 'turns')), link.commands.scard(link.key(SCOPE, 'running'))]),
    );
    return { waiting, running };
  }

  async metrics(): Promise<QueueMetrics> {
    const [counted, counts] = await this.#answered(
      Promise.all([this.#run(census, []), this.#bull.getJobCounts('waiting', 'prioritized', 'active')]),
    );
    const { waiting = 0, prioritized = 0, active = 0 } = counts;
    return { counts: { waiting, prioritized, active }, ...JSON.parse(counted as string) };
  }

  /** Nothing runs in this process. */
  async idle(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#renewal);
    if (this.#announcing !== null) clearTimeout(this.#announcing);
    for (const run of this.#runs.values()) run.close();
    this.#stopListening.then(
      (stop) => stop(),
      () => {},
    );
    await this.#options.link.answered(this.#bull.close()).catch(() => {});
  }

  async #enter(jobs: readonly Job[], waiter: Waiter, force: boolean, joining: Joining): Promise<readonly Joined[]> {
    const { runs, virtual = 0 } = await this.#join(
      waiter.id,
      jobs.map((job) => this.#entryOf(job)),
      { force, ask: false },
    );
    // Those of others too: the process that joined first may have ended before it came this far.
    await this.#bull.addBulk(
      runs.map(({ id, priority }, i) => ({
        name: jobs[i]!.image.operation,
        data: jobs[i]!,
        opts: { ...DELIVERY, jobId: id, priority },
      })),
    );
    const followed = await Promise.all(runs.map(({ id }, i) => this.#follow(id, jobs[i]!)));
    await this.#announce(followed);
    if (virtual > REWIND_FROM) await this.#rewind();
    const joined = followed.map((run, index): Joined => {
      run.pins--;
      if (!joining.left) run.waiters.set(waiter.id, (event) => waiter.onEvent(index, event));
      return { outcome: runs[index]!.isNew ? 'MISS' : 'SHARED', history: [...run.history] };
    });
    if (joining.left) await this.leave(waiter.id);
    for (const run of followed) if (run.ended || run.isIdle) this.#unfollow(run);
    return joined;
  }

  /** @throws QueueFull */
  async #join(
    waiter: string,
    entries: readonly object[],
    { force, ask }: { force: boolean; ask: boolean },
  ): Promise<JoinAnswer> {
    const { limit, waiterLeaseMs } = this.#options;
    const [forced, asked] = [force ? '1' : '', ask ? '1' : ''];
    const args = [waiter, this.#process, waiterLeaseMs, limit, forced, asked, JSON.stringify(entries)];
    const answer = JSON.parse((await this.#run(join, args)) as string) as JoinAnswer;
    if (answer.full !== undefined) throw refusalOf(answer.full, limit);
    return answer;
  }

  #entryOf(job: Job) {
    const { fingerprint, request, caller, image } = job;
    const cost = costOf(job);
    const units = cost / UNIT / (this.#options.weightOf?.(job) ?? 1);
    const shared = batchKeyOf(job);
    const batchKey = shared === null ? '' : createHash('sha1').update(shared).digest('hex');
    return { fingerprint, request, caller, model: image.model, batchKey, cost, units };
  }

  async #follow(id: string, job: Job): Promise<FollowedRun> {
    const known = this.#runs.get(id);
    const run = known ?? new FollowedRun(id, this.#options.link, () => this.#revive(run));
    run.pins++;
    this.#runs.set(id, run);
    this.#jobs.set(id, job);
    await (known === undefined ? run.open() : run.repair());
    return run;
  }

  #unfollow(run: FollowedRun): void {
    run.close();
    this.#runs.delete(run.id);
    this.#jobs.delete(run.id);
  }

  /** Redis has lost the run, or believed this process dead: its job is added again for those of this process who wait. */
  #revive(run: FollowedRun): void {
    const job = this.#jobs.get(run.id);
    const waiters = [...run.waiters];
    this.#unfollow(run);
    if (job === undefined || this.#closed) return;
    for (const [id, onEvent] of waiters)
      this.#enter([job], { id, onEvent: (_, event) => onEvent(event) }, true, { left: false }).then(
        ([joined]) => joined!.history.forEach(onEvent),
        (error) => this.#options.report(error, 'adding a lost job again'),
      );
  }

  async #renew(): Promise<void> {
    try {
      await this.#withdraw((await this.#run(renew, [this.#process, this.#options.waiterLeaseMs])) as string[]);
      // What was published in vain is found here.
      for (const run of this.#runs.values()) {
        if (run.ended) this.#unfollow(run);
        else await run.repair();
      }
    } catch (error) {
      this.#options.report(error, 'renewing the leases of waiters');
    }
  }

  /** Those runs are over before they began. */
  async #withdraw(ids: readonly string[]): Promise<void> {
    // One that a worker has just taken is not there for it any more either.
    await Promise.all(ids.map((id) => this.#bull.remove(id).catch(() => 0)));
  }

  async #rewind(): Promise<void> {
    const moved = (await this.#run(rewind, [REWIND_FROM])) as string[];
    for (let i = 0; i < moved.length; i += 2) {
      const delivery = await this.#bull.getJob(moved[i]!);
      await delivery?.changePriority({ priority: Number(moved[i + 1]) }).catch(() => {});
    }
  }

  #announceSoon(): void {
    if (this.#runs.size === 0 || this.#closed) return;
    this.#announcing ??= setTimeout(
      () => {
        this.#announcing = null;
        this.#announce().catch(() => {});
      },
      Math.max(ANNOUNCE_MS, ANNOUNCE_SHARE * this.#announcedInMs),
    );
  }

  async #announce(runs: Iterable<FollowedRun> = this.#runs.values()): Promise<void> {
    const waiting = [...runs].filter(({ history }) => history.every(({ type }) => type === 'position'));
    if (waiting.length === 0) return;
    const asked = performance.now();
    const told = (await this.#run(
      positions,
      waiting.map(({ id }) => id),
    )) as number[];
    this.#announcedInMs = performance.now() - asked;
    for (const [i, run] of waiting.entries()) {
      const position = told[i]!;
      if (position < 0 || run.ended || !worthTelling(run.position, position)) continue;
      run.position = position;
      run.tell({ type: 'position', position } satisfies JobEvent);
    }
  }

  #run(script: Script, args: readonly (string | number)[], link = this.#options.link): Promise<unknown> {
    return script.run(link.commands, [link.key(SCOPE, '')], args);
  }

  /** @throws QueueFull */
  async #answered<T>(answer: Promise<T>): Promise<T> {
    return this.#options.link.answered(answer).catch((error: unknown) => {
      throw error instanceof RedisUnavailable ? queueUnavailable() : error;
    });
  }
}
