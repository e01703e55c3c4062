import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, childrenOf, type Fleet, freeze } from './fleet.js';
import { pick } from './random.js';

/** A fault that really happens while generations run. What was promised meanwhile is judged afterwards. */
export interface Scenario {
  readonly name: string;
  run(fleet: Fleet): Promise<void>;
}

/** Longer than the leases of the fleet under test. */
const BEYOND_LEASES_MS = 6000;

const killed = (name: string, fault: (fleet: Fleet) => Promise<void> | void): Scenario => ({
  name,
  async run(fleet) {
    const asking = ask(fleet, 12);
    await sleep(300 + 700 * fleet.next());
    await fault(fleet);
    await asking;
    await ask(fleet, 4);
    await fleet.restore();
  },
});

const component = (name: 'redis' | 'postgres' | 's3', downMs: number) =>
  killed(`${name} is killed and is back after ${downMs / 1000} s`, async ({ cluster }) => {
    cluster[name].signal('SIGKILL');
    await sleep(downMs);
    await cluster[name].start();
  });

export const scenarios: readonly Scenario[] = [
  killed('a worker is killed', ({ work, next }) => pick(work(), next).signal('SIGKILL')),
  killed('an engine is killed', ({ work, next }) => {
    for (const pid of childrenOf(pick(work(), next).pid)) process.kill(pid, 'SIGKILL');
  }),
  killed('an API process is killed', ({ api, next }) => pick(api(), next).signal('SIGKILL')),
  component('redis', 1000),
  component('redis', BEYOND_LEASES_MS),
  component('postgres', 2000),
  component('s3', 2000),
  killed('a worker is stopped for longer than its lock', ({ work, next }) =>
    freeze(pick(work(), next).pid, BEYOND_LEASES_MS),
  ),
  killed('an API process is stopped for longer than its lease', ({ api, next }) =>
    freeze(pick(api(), next).pid, BEYOND_LEASES_MS),
  ),
  killed('Redis is stopped', ({ cluster }) => freeze(cluster.redis.pid, BEYOND_LEASES_MS)),
  killed('the S3 gateway is stopped', ({ cluster }) => freeze(cluster.s3.pid, 3000)),
  killed('the network between the API and Redis is cut', ({ ways }) => cutFor(ways['api-redis'], BEYOND_LEASES_MS)),
  killed('the network between the workers and Redis is cut', ({ ways }) =>
    cutFor(ways['work-redis'], BEYOND_LEASES_MS),
  ),
  killed('the network between the workers and S3 is cut', ({ ways }) => cutFor(ways['work-s3'], 3000)),
  killed('Redis has no memory left', async ({ cluster }) => {
    const redis = (...words: string[]) =>
      execFileSync('redis-cli', ['-u', cluster.redis.url, ...words], { stdio: 'pipe' });
    redis('config', 'set', 'maxmemory', '1mb');
    await sleep(2000);
    redis('config', 'set', 'maxmemory', '0');
  }),
  killed('everything is started anew, one process after the other', async (fleet) => {
    for (const worker of fleet.work()) {
      await worker.stop();
      await fleet.restore();
    }
    for (const api of fleet.api()) {
      await api.stop();
      await fleet.restore();
    }
  }),
  {
    name: '50 identical requests over all API processes',
    async run(fleet) {
      await ask(fleet, 50, { seed: Math.floor(fleet.next() * 2 ** 31) });
    },
  },
  {
    name: 'generations that share half of their images',
    async run(fleet) {
      const seed = Math.floor(fleet.next() * 2 ** 31);
      await Promise.all([ask(fleet, 1, { seed, count: 4 }), ask(fleet, 1, { seed: seed + 2, count: 4 })]);
    },
  },
  {
    name: 'generations are cancelled from any process',
    async run(fleet) {
      const { client, next } = fleet;
      const first = client.accepted.length;
      await ask(fleet, 8);
      await Promise.all(
        client.accepted.slice(first).map((accepted) => (next() < 0.5 ? client.cancel(accepted) : null)),
      );
    },
  },
];

async function cutFor(way: { cut(): void; mend(): void }, ms: number): Promise<void> {
  way.cut();
  await sleep(ms);
  way.mend();
}
