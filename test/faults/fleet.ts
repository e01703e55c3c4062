import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../infra/cluster/cluster.js';
import type { Member } from '../../infra/cluster/program.js';
import { broken, Client } from './client.js';
import { startWay, type Way } from './way.js';

/** A fleet under test, with a proxy on each way that a network could cut. */
export interface Fleet {
  readonly cluster: Cluster;
  readonly ways: Readonly<Record<'api-redis' | 'work-redis' | 'work-s3', Way>>;
  readonly next: () => number;
  readonly client: Client;
  /** API processes that live. */
  api(): Member[];
  work(): Member[];
  /** Replaces what was killed, as an orchestrator does. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/** Shorter than in production, so that a fault outlasts them in seconds. */
const leases = { QUEUE_LOCK_MS: '4000', QUEUE_STALLED_MS: '1500', OWNER_LEASE_MS: '4000' };

export async function startFleet(next: () => number, { api = 3, work = 2 } = {}): Promise<Fleet> {
  const ways: Partial<Record<keyof Fleet['ways'], Way>> = {};
  const through = async (way: keyof Fleet['ways'], address: string) => {
    const url = new URL(address);
    ways[way] = await startWay({ host: url.hostname, port: Number(url.port) });
    url.port = String(ways[way].port);
    return url.href.replace(/\/$/, '');
  };
  const cluster = await startCluster({
    ...{ api, work },
    env: leases,
    of: async (role, { QUEUE_URL, S3_ENDPOINT }) =>
      role === 'api'
        ? { QUEUE_URL: await through('api-redis', QUEUE_URL!) }
        : {
            QUEUE_URL: await through('work-redis', QUEUE_URL!),
            S3_ENDPOINT: await through('work-s3', S3_ENDPOINT!),
          },
  });
  const living = (members: readonly Member[]) => members.filter(({ pid }) => isAlive(pid));
  const addresses = () => living(cluster.api).map(({ url }) => url);
  return {
    cluster,
    ways: ways as Fleet['ways'],
    next,
    client: new Client(addresses),
    api: () => living(cluster.api),
    work: () => living(cluster.work),
    async restore() {
      while (living(cluster.work).length < work) await cluster.addWorker();
      while (living(cluster.api).length < api) await cluster.addApi();
    },
    async stop() {
      await cluster.stop();
      for (const way of Object.values(ways)) await way.close();
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Processes that this one has started, as a worker has its engine. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${candidate}/status`, 'utf8'))?.[1]) === pid;
      } catch {
        return false;
      }
    });
}

/** Asks for so many generations, each with a seed of its own unless one is given. */
export async function ask({ client, next }: Fleet, count: number, input: Record<string, unknown> = {}): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, () =>
      client.generate({
        ...{ prompt: 'a cat', width: 64, height: 64, seed: Math.floor(next() * 2 ** 31) },
        ...input,
      }),
    ),
  );
}

/** Stops a process as SIGSTOP does, for so long. */
export async function freeze(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
}

/** Waits for every accepted generation and says what promise was not kept. */
export async function verdict(fleet: Fleet, limitMs = 90_000): Promise<string[]> {
  const addresses = () => fleet.api().map(({ url }) => url);
  const late = await fleet.client.settled(limitMs).then(
    () => [],
    (error: Error) => [error.message],
  );
  return [...late, ...(await broken(fleet.client, addresses))];
}
