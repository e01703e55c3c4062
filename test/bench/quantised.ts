import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/app/config.js';
import { entryFromCheckpoint, readModels } from '../../src/catalog/entry-from-checkpoint.js';
import { lossBetween } from '../../src/cli/compare.js';
import type { Measure } from './report.js';

const cli = join(import.meta.dirname, '../../dist/src/cli.js');

/** The default model with 8 and with 4 bits a weight, against itself: how far its images move, in what time and memory. */
export async function quantised(): Promise<Measure[]> {
  const settings = readConfig(process.env).engine;
  const [model] = readModels(settings);
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-quantised-'));
  const measures: Measure[] = [];
  try {
    for (const bits of [8, 4]) {
      const out = join(folder, `${model!.id}-${bits}`);
      const written = spawnSync(
        process.execPath,
        [cli, 'quantize', model!.id, '--bits', String(bits), '--no-compare', '--out', out],
        { encoding: 'utf8' },
      );
      if (written.status !== 0) throw new Error(`Not quantised: ${written.stderr}`);
      const entry = { ...entryFromCheckpoint(out), defaults: model!.defaults, limits: model!.limits };
      const { median, worst, original, replaced } = await lossBetween(settings, model!, entry, null);
      const target = bits === 8 ? { target: '≥ 45' } : {};
      measures.push(
        { name: `${bits} bits a weight: PSNR of the image, median`, value: median, unit: 'dB', ...target },
        { name: `${bits} bits a weight: PSNR of the image, worst`, value: worst, unit: 'dB' },
        { name: `${bits} bits a weight: time of an image`, value: replaced.seconds / original.seconds, unit: '×' },
      );
      if (replaced.memory !== null && original.memory !== null)
        measures.push({ name: `${bits} bits a weight: memory`, value: replaced.memory / original.memory, unit: '×' });
    }
    return measures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
