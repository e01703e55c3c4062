import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker as BullWorker } from 'bullmq';
import type { Job } from '../../domain/job.js';
import type { Script } from '../../stores/redis/script.js';
import { costOf } from '../pace.js';
import type { Worker } from '../queue.js';
import { type Bull, bullPrefix, type Delivery, openBullWorker } from './bull.js';
import type { BullmqWorkerOptions } from './bullmq-worker.js';
import { HeldRun } from './held-run.js';
import { runGroups } from './run-groups.js';
import { SCOPE } from './scope.js';
import { done, giveBack, renewLocks, renewSlots, take } from './scripts/worker.js';

/** After what went wrong between this process and Redis. */
const PAUSE_MS = 500;

/** What one worker does: takes a job and those that fit to it, keeps their locks, runs them, and takes the next. */
export class Slot {
  readonly #id = randomUUID();
  readonly #worker: Worker;
  readonly #bull: Bull;
  readonly #options: BullmqWorkerOptions;
  readonly #deliveries: BullWorker<Job>;
  #runs: readonly HeldRun[] = [];
  #token = '';
  #renewal: NodeJS.Timeout | null = null;
  #loop: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(worker: Worker, bull: Bull, options: BullmqWorkerOptions) {
    this.#worker = worker;
    this.#bull = bull;
    this.#options = options;
    this.#deliveries = openBullWorker(options.link, options, (error) => options.report(error, 'BullMQ'));
  }

  get held(): number {
    return this.#runs.length;
  }

  async open(): Promise<void> {
    await this.#run(renewSlots, [this.#options.lockMs, this.#id]);
    // Looks at once, and then again and again.
    void this.#deliveries.startStalledCheckTimer();
    this.#renewal = setInterval(() => this.#renew(), this.#options.lockMs / 3);
    this.#renewal.unref();
    this.#loop = this.#takeJobs();
  }

  /** The run is not wanted any more. */
  stop(run: string): void {
    for (const held of this.#runs) if (held.id === run) held.stop('Nobody waits for this image any more.');
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    // Ends the wait for a job.
    const closed = this.#deliveries.close(true).catch(() => {});
    await Promise.race([this.#loop, sleep(graceMs, undefined, { ref: false })]);
    if (this.#renewal !== null) clearInterval(this.#renewal);
    const left = this.#runs.filter(({ isWanted }) => isWanted);
    // Where Redis does not answer, the locks run out instead.
    await this.#options.link.answered(this.#giveBack(left)).catch(() => {});
    for (const run of left) run.stop('The worker ends.');
    await this.#options.link.answered(closed).catch(() => {});
  }

  async #giveBack(runs: readonly HeldRun[]): Promise<void> {
    for (const { id } of runs) if ((await this.#run(giveBack, [id, this.#token])) === 1) await this.#deliverAgain(id);
    await this.#run(renewSlots, ['', this.#id]);
  }

  async #deliverAgain(id: string): Promise<void> {
    const delivery = await this.#bull.getJob(id);
    await delivery?.moveToWait(this.#token).catch(() => {});
  }

  async #takeJobs(): Promise<void> {
    while (!this.#closing) {
      this.#token = randomUUID();
      try {
        const delivery: Delivery | undefined = await this.#deliveries.getNextJob(this.#token);
        if (delivery !== undefined) await this.#make(delivery);
      } catch (error) {
        if (this.#closing) return;
        this.#options.report(error, 'taking jobs');
        await sleep(PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  async #make(delivery: Delivery): Promise<void> {
    const { problemOf, worthAnotherTry } = this.#options;
    this.#runs = await this.#begin(delivery);
    const started = performance.now();
    try {
      if (delivery.deferredFailure !== undefined) {
        for (const run of this.#runs) run.emit({ type: 'failed', problem: lostTwice });
      } else await runGroups(this.#worker, this.#runs, { problemOf, worthAnotherTry });
      for (const run of this.#runs.filter(({ isWanted }) => isWanted))
        run.emit({ type: 'failed', problem: problemOf(new Error('The worker told no end.')) });
      await Promise.all(this.#runs.map((run) => run.told()));
    } finally {
      const made = this.#runs.filter(({ ended }) => ended).reduce((sum, { job }) => sum + costOf(job), 0);
      await this.#run(done, [this.#id, made === 0 ? '' : made, performance.now() - started]);
      // A lock that ran out meanwhile was another's since; the next delivery of an ended run finds nothing to do.
      if (!this.#closing || this.#runs.every(({ isWanted }) => !isWanted))
        await Promise.all(this.#runs.map((run) => run.complete().catch(() => {})));
      this.#runs = [];
    }
  }

  async #begin(delivery: Delivery): Promise<readonly HeldRun[]> {
    const { link, lockMs, now } = this.#options;
    const args = [delivery.id!, this.#token, this.#id, this.#worker.batch, bullPrefix(link), lockMs, now()];
    const taken = JSON.parse((await this.#run(take, args)) as string) as {
      id: string;
      starts: number;
      ageMs: number;
    }[];
    if (taken.length === 0) await delivery.moveToCompleted(null, this.#token, false);
    const runs = await Promise.all(
      taken.map(async ({ id, starts, ageMs }) => {
        const own = id === delivery.id ? delivery : ((await this.#bull.getJob(id)) as Delivery | undefined);
        return own && new HeldRun(own, this.#token, link, { starts, addedAt: now() - ageMs });
      }),
    );
    return runs.filter((run) => run !== undefined);
  }

  async #renew(): Promise<void> {
    const { link, lockMs, report } = this.#options;
    try {
      await this.#run(renewSlots, [lockMs, this.#id]);
      const runs = this.#runs;
      if (runs.length === 0) return;
      const token = this.#token;
      const ids = runs.map(({ id }) => id);
      const lost = (await this.#run(renewLocks, [token, bullPrefix(link), lockMs, ...ids])) as string[];
      for (const run of runs) if (lost.includes(run.id)) run.stop('Another worker has begun this image.');
    } catch (error) {
      report(error, 'renewing locks');
    }
  }

  #run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    const { link } = this.#options;
    return script.run(link.commands, [link.key(SCOPE, '')], args);
  }
}

const lostTwice = {
  code: 'EngineLost',
  message: 'Two workers were lost while they made this image. Send the request again.',
  retryable: true,
} as const;
