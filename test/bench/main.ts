/**
 * `npm run bench [-- --json | --write]`: what the built program costs with the embedded model, measured on this machine as its users
 * would meet it. `--write` puts the table into
 * docs/benchmarks.md. Each number is a median or a percentile of one run; the targets stand beside it and are not asserted.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { writeSection } from '../../infra/docs/section.js';
import { startProgram } from '../program.js';
import { cachedRepeat, identicalAtOnce } from './cached.js';
import { changes } from './change.js';
import { drawFirst, drawWarm } from './draw.js';
import { engineMeasures } from './engine.js';
import { matrixFloor } from './floor.js';
import { growth } from './growth.js';
import { watchMemory } from './memory.js';
import { quantised } from './quantised.js';
import { type Measure, tableOf } from './report.js';
import { stalls } from './stalls.js';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const measures: Measure[] = [];

let memory: ReturnType<typeof watchMemory> | null = null;
const program = await startProgram({
  nodeArgs: ['--import', new URL('./loop-delay.mjs', import.meta.url).href],
  onSpawn: (pid) => {
    memory = watchMemory(pid);
  },
});
try {
  const firstMs = await drawFirst(program, 3);
  // Looking at memory walks every page table, so it ends before anything is timed to the millisecond.
  const peak = (memory as ReturnType<typeof watchMemory> | null)?.stop() ?? null;
  const drawn = await drawWarm(program, 9);
  measures.push(
    { name: 'process start → ready', value: program.readyMs / 1000, unit: 's' },
    {
      name: 'process start → first image',
      value: (program.readyMs + firstMs) / 1000,
      unit: 's',
      target: '≤ 6',
    },
    { name: 'warm 256×256 image, 8 steps', value: drawn.wallMs / 1000, unit: 's', target: '≤ 1.2' },
    ...drawn.stages.map(({ stage, ms }) => ({ name: `  ${stage}`, value: ms, unit: 'ms' as const })),
    { name: 'server overhead (end to end − engine stages)', value: drawn.overheadMs, unit: 'ms', target: '≤ 15' },
    { name: 'event-loop delay p99 while generating', value: drawn.loopDelayP99, unit: 'ms', target: '≤ 20' },
  );
  if (peak !== null) {
    measures.push({ name: 'peak memory (PSS of all processes)', value: peak / 1e6, unit: 'MB', target: '≤ 900' });
  }
  measures.push(...(await changes(program)));
  measures.push(...(await stalls(program)));
  const cached = await cachedRepeat(program);
  measures.push(
    { name: 'cached repeat p50', value: cached.p50, unit: 'ms', target: '≤ 5' },
    { name: 'cached repeat p99', value: cached.p99, unit: 'ms' },
    { name: 'cached repeats a second', value: cached.perSecond, unit: '/s', target: '≥ 1000' },
    {
      name: 'generations made for 50 identical requests at once',
      value: await identicalAtOnce(program, 50),
      unit: '',
      target: '= 1',
    },
  );
} finally {
  await program.stop();
}
measures.push(...(await growth()));
measures.push(...(await engineMeasures()));
measures.push(...(await quantised()));
const floor = await matrixFloor();
measures.push(
  { name: 'one forward, CPU time', value: floor.stepMs, unit: 'ms' },
  { name: 'its matrix products alone, CPU time', value: floor.productsMs, unit: 'ms' },
  { name: 'forward ÷ matrix-product floor', value: floor.stepMs / floor.productsMs, unit: '×' },
);

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
const table = tableOf(measures, machine);
console.log(values.json ? JSON.stringify({ machine, measures }, null, 2) : `\n${table}`);
if (values.write) writeSection('benchmarks.md', 'bench', `${new Date().toISOString().slice(0, 10)}, ${table}`);
