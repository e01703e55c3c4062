import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { Redis } from 'ioredis';
import pg from 'pg';
import { cachedRepeat } from '../../test/bench/cached.js';
import { cpuTime, proportionalSetSize } from '../../test/bench/memory.js';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { imageOf, submit } from './load.js';

interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const IMAGES = 20;
const WAITING = 200;

/** What one image, job, record and process of a fleet cost, on real components on this machine. */
export async function measureUnits() {
  const cluster = await startCluster({ api: 1, work: 1, env: { QUEUE_LIMIT: '1000' } });
  const redis = new Redis(cluster.redis.url);
  const postgres = new pg.Client(cluster.postgres.url);
  try {
    await postgres.connect();
    const measures = [
      ...(await images(cluster, redis)),
      ...(await repeats(cluster, postgres)),
      ...(await processes(cluster)),
      ...(await waiting(cluster, redis)),
    ];
    const machine = `${availableParallelism()} cores, Node ${process.version}, Redis, Postgres, S3 gateway and load on the same machine:`;
    return { measures, lost: 0, table: tableOf(measures, machine) };
  } finally {
    redis.disconnect();
    await postgres.end();
    await cluster.stop();
  }
}

/** Milliseconds of processors that each part has used. */
function used({ api, work, redis, postgres, s3 }: Cluster) {
  const parts = { 'an API process': api[0]!, 'a worker': work[0]!, Redis: redis, Postgres: postgres, S3: s3 };
  return Object.entries(parts).map(([name, { pid }]) => ({ name, ms: cpuTime(pid) }));
}

/** What each part works for one of so many; unlike times, it is about the same on a busy machine. */
function worked(
  what: string,
  count: number,
  before: ReturnType<typeof used>,
  after: ReturnType<typeof used>,
): Measure[] {
  return after.map(({ name, ms }, i) => ({
    name: `&nbsp;&nbsp;of ${name}, for ${what}`,
    value: (ms - before[i]!.ms) / count,
    unit: 'ms CPU',
  }));
}

async function images(cluster: Cluster, redis: Redis): Promise<Measure[]> {
  const { url } = cluster.api[0]!;
  // What is loaded and compiled once is not an image's.
  for (let i = 0; i < 3; i++) await imageOf(url, i);
  const busy = used(cluster);
  const seed = Math.floor(Math.random() * 2 ** 30);
  const [before, began] = [await commands(redis), performance.now()];
  const addresses: string[] = [];
  for (let i = 0; i < IMAGES; i++) addresses.push(await imageOf(url, seed + i));
  const [after, took] = [await commands(redis), performance.now() - began];
  const perPart = worked('an image', IMAGES, busy, used(cluster));
  // What processes ask while nothing happens is not the image's.
  await sleep(3000);
  const idle = ((await commands(redis)) - after) / 3000;
  const perImage = (after - before - idle * took) / IMAGES;
  const sizes = await Promise.all(
    addresses.map(async (one) => (await (await fetch(`${one}.png`)).arrayBuffer()).byteLength),
  );
  const served = await autocannon({ url: `${addresses[0]!}.png`, connections: 6, duration: 5 });
  return [
    ...perPart,
    { name: 'commands of Redis for an image and its generation', value: perImage, unit: '' },
    { name: 'commands of Redis while nothing happens, an API process and a worker', value: idle * 1000, unit: '/s' },
    { name: 'an image as it is stored', value: sum(sizes) / IMAGES / 1000, unit: 'kB' },
    { name: 'images as they are stored, answered by an API process', value: served.requests.average, unit: '/s' },
  ];
}

async function repeats(cluster: Cluster, postgres: pg.Client): Promise<Measure[]> {
  const before = used(cluster);
  const { p50, perSecond, count } = await cachedRepeat(cluster.api[0]!);
  const perPart = worked('a generation whose image is known', count, before, used(cluster));
  await postgres.query('vacuum analyze');
  const generations = "select pg_total_relation_size('generations')::float8 / count(*) as bytes from generations";
  const images = 'select avg(pg_column_size(images.*))::float8 as bytes from images';
  const [generation, image] = await Promise.all([generations, images].map((query) => postgres.query(query)));
  return [
    ...perPart,
    { name: 'generations a second whose image is known, an API process', value: perSecond, unit: '/s' },
    { name: 'such a generation, p50', value: p50, unit: 'ms' },
    { name: 'a generation in Postgres, with its indexes', value: generation!.rows[0].bytes / 1000, unit: 'kB' },
    { name: 'the record of an image in Postgres, without its indexes', value: image!.rows[0].bytes / 1000, unit: 'kB' },
  ];
}

async function processes(cluster: Cluster): Promise<Measure[]> {
  const megabytes = (pid: number) => (proportionalSetSize(pid) ?? Number.NaN) / 1e6;
  const timed = async (start: () => Promise<unknown>) => {
    const began = performance.now();
    await start();
    return (performance.now() - began) / 1000;
  };
  return [
    { name: 'memory of an API process after this', value: megabytes(cluster.api[0]!.pid), unit: 'MB' },
    { name: 'memory of a worker and its engine', value: megabytes(cluster.work[0]!.pid), unit: 'MB' },
    { name: 'start of an API process until it is ready', value: await timed(() => cluster.addApi()), unit: 's' },
    { name: 'start of a worker until it is ready', value: await timed(() => cluster.addWorker()), unit: 's' },
  ];
}

/** Without a worker every job waits. */
async function waiting({ api, work }: Cluster, redis: Redis): Promise<Measure[]> {
  await Promise.all(work.map((worker) => worker.stop()));
  const seed = Math.floor(Math.random() * 2 ** 30);
  const before = await memory(redis);
  for (let i = 0; i < WAITING; i++) await submit(api[0]!.url, seed + i);
  const bytes = ((await memory(redis)) - before) / WAITING;
  return [{ name: 'a job that waits and its generation, in Redis', value: bytes / 1000, unit: 'kB' }];
}

const commands = (redis: Redis) => told(redis, 'stats', /total_commands_processed:(\d+)/);
const memory = (redis: Redis) => told(redis, 'memory', /used_memory:(\d+)/);

async function told(redis: Redis, section: string, pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await redis.info(section))![1]);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function tableOf(measures: readonly Measure[], machine: string): string {
  const rows = measures.map(({ name, value, unit }) => {
    const shown = value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
    return `| ${name} | ${`${shown} ${unit}`.trim()} |`;
  });
  return [machine, '', '| what | measured |', '|---|---|', ...rows].join('\n');
}
