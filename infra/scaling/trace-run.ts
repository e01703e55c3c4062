import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { control, readScaling, type Scaling } from './controller.js';
import { quantile, serve, type Trace } from './load.js';
import { Workers } from './workers.js';

const here = import.meta.dirname;

export interface TraceOptions {
  readonly file: string;
  /** So many times faster than the trace and the ScaledObject say. */
  readonly speed: number;
  /** Workers at a time, at most. */
  readonly max: number;
}

interface Run {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly workerSeconds: number;
  readonly starts: number;
  readonly most: number;
  readonly lost: number;
}

interface Plan {
  readonly trace: Trace;
  readonly speed: number;
  readonly scaling: Scaling;
}

async function run(
  cluster: Cluster,
  { trace, speed, scaling }: Plan,
  scaled: boolean,
  firstSeed: number,
): Promise<Run> {
  const workers = new Workers(() => cluster.addWorker());
  const stopping = new AbortController();
  const api = cluster.api[0]!.url;
  let controlling = Promise.resolve();
  if (scaled) {
    const queue = async (path: string) => (await fetch(api + path)).json();
    const fleet = { queue, workers: () => workers.count, scale: (to: number) => workers.scale(to) };
    controlling = control(scaling, fleet, stopping.signal);
  } else {
    workers.scale(scaling.max);
    await workers.ready();
  }
  try {
    const { waits, lost } = await serve(cluster.nginx.url, trace, speed, firstSeed);
    for (const reason of lost) console.error(`lost: ${reason}`);
    const { most, starts } = workers;
    stopping.abort();
    await controlling;
    const workerSeconds = await workers.stop();
    const [p50Ms, p95Ms] = [quantile(waits, 0.5), quantile(waits, 0.95)];
    return { p50Ms, p95Ms, workerSeconds, starts, most, lost: lost.length };
  } finally {
    stopping.abort();
    await workers.stop();
  }
}

/** The trace once with workers that come and go, once with a fleet that is always on. */
export async function compareFleets({ file, speed, max }: TraceOptions) {
  const trace = JSON.parse(readFileSync(file, 'utf8')) as Trace;
  const read = readScaling(readFileSync(join(here, '../kubernetes/components/worker-gpu/scaling.yaml'), 'utf8'), speed);
  const plan = { trace, speed, scaling: { ...read, max: Math.min(read.max, max) } };
  const cluster = await startCluster({ api: 2, work: 1, env: { QUEUE_LIMIT: '1000', ENGINE_THREADS: '1' } });
  try {
    // A worker publishes the models, of which the API processes learn when they start.
    await cluster.work[0]!.stop();
    const firstSeed = Math.floor(Math.random() * 2 ** 30);
    const scaled = await run(cluster, plan, true, firstSeed);
    const always = await run(cluster, plan, false, firstSeed + trace.arrivals.length);
    const lost = scaled.lost + always.lost;
    return { speed, max: plan.scaling.max, scaled, always, lost, table: table(plan, scaled, always) };
  } finally {
    await cluster.stop();
  }
}

function table({ trace, speed, scaling }: Plan, scaled: Run, always: Run): string {
  const row = (what: string, of: (run: Run) => number, digits = 0, unit = '') =>
    `| ${what} | ${of(scaled).toFixed(digits)}${unit} | ${of(always).toFixed(digits)}${unit} | ${(of(scaled) / of(always)).toFixed(2)} |`;
  return [
    `${trace.about} ${trace.arrivals.length} images in ${trace.seconds / 60} minutes, ${speed} times faster; the times of the ScaledObject too. The images themselves take as long as ever, on ${availableParallelism()} cores.`,
    '',
    `| | 0 … ${scaling.max} workers | always ${scaling.max} | ratio |`,
    '|---|---|---|---|',
    row('request → image, p50', ({ p50Ms }) => p50Ms / 1000, 2, ' s'),
    row('request → image, p95', ({ p95Ms }) => p95Ms / 1000, 2, ' s'),
    row('worker-seconds', ({ workerSeconds }) => workerSeconds),
    `| starts of a worker | ${scaled.starts} | ${always.starts} | |`,
    `| lost | ${scaled.lost} | ${always.lost} | |`,
  ].join('\n');
}
