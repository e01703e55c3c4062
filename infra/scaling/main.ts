import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../cluster/cluster.js';
import { writeSection } from '../docs/section.js';
import { control, readScaling, type Scaling } from './controller.js';
import { quantile, serve, type Trace } from './load.js';
import { Workers } from './workers.js';

// `npm run scale [-- --short | --trace FILE] [--speed N] [--max N] [--json | --write]`: the trace once with workers that the ScaledObject
// of infra/kubernetes starts and stops, once with a fleet that is always on. `--write` puts the table into docs/scale.md.

const { values } = parseArgs({
  options: {
    ...{ short: { type: 'boolean' }, trace: { type: 'string' }, speed: { type: 'string' }, max: { type: 'string' } },
    ...{ json: { type: 'boolean' }, write: { type: 'boolean' } },
  },
});
const here = import.meta.dirname;
const file = values.trace ?? join(here, values.short ? 'short.json' : 'day.json');
const trace = JSON.parse(readFileSync(file, 'utf8')) as Trace;
const speed = Number(values.speed ?? 24);
const yaml = readFileSync(join(here, '../kubernetes/base/worker-gpu-scaling.yaml'), 'utf8');
const read = readScaling(yaml, speed);
/** On one machine more workers than cores take them from each other. */
const scaling: Scaling = { ...read, max: Math.min(read.max, Number(values.max ?? availableParallelism())) };

interface Run {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly workerSeconds: number;
  readonly starts: number;
  readonly most: number;
  readonly lost: number;
}

async function run(cluster: Cluster, scaled: boolean, firstSeed: number): Promise<Run> {
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

const cluster = await startCluster({ api: 2, work: 0, env: { QUEUE_LIMIT: '1000', ENGINE_THREADS: '1' } });
try {
  // The API learns of the models from a worker's manifest.
  await (await cluster.addWorker()).stop();
  const firstSeed = Math.floor(Math.random() * 2 ** 30);
  const scaled = await run(cluster, true, firstSeed);
  const always = await run(cluster, false, firstSeed + trace.arrivals.length);
  const ratio = scaled.workerSeconds / always.workerSeconds;
  if (values.json) console.log(JSON.stringify({ speed, max: scaling.max, scaled, always, ratio }));
  else console.log(table(scaled, always));
  if (values.write) writeSection('scale.md', 'scale', table(scaled, always));
  process.exitCode = scaled.lost + always.lost === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}

function table(scaled: Run, always: Run): string {
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
