import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeSection } from '../docs/section.js';
import { compareFleets } from './trace-run.js';
import { measureUnits } from './units.js';

// `npm run scale [-- --short | --trace FILE] [--speed N] [--max N] [--json | --write]`: a load trace with workers that the ScaledObject of
// infra/kubernetes starts and stops, against a fleet that is always on. `--units`: what a job, a record and a process cost instead.
// `--write` puts the table into docs/scale.md.

const { values } = parseArgs({
  options: {
    ...{ short: { type: 'boolean' }, trace: { type: 'string' }, speed: { type: 'string' }, max: { type: 'string' } },
    ...{ units: { type: 'boolean' }, json: { type: 'boolean' }, write: { type: 'boolean' } },
  },
});

/** On one machine more workers than cores take them from each other. */
const max = Number(values.max ?? availableParallelism());
const file = values.trace ?? join(import.meta.dirname, values.short ? 'short.json' : 'day.json');
const { table, ...measured } = values.units
  ? await measureUnits()
  : await compareFleets({ file, speed: Number(values.speed ?? 24), max });
console.log(values.json ? JSON.stringify(measured) : table);
if (values.write) writeSection('scale.md', values.units ? 'units' : 'scale', table);
process.exitCode = measured.lost === 0 ? 0 : 1;
