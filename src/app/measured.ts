import { readFile } from 'node:fs/promises';
import { programVersion } from '../environment/program-version.js';
import type { Measured } from '../http/router.js';
import type { QueueMetrics } from '../jobs/queue.js';
import type { Metrics } from '../telemetry/metrics.js';

export interface MeasuredParts {
  readonly metrics: Metrics;
  readonly queue: () => Promise<QueueMetrics>;
  /** Ids of the engines' processes that live now. */
  readonly engines: () => readonly (number | undefined)[];
}

/** The metrics of this process, whose SDK is loaded when they are first read. */
export function measuredOf({ metrics, queue, engines }: MeasuredParts): Measured {
  const engineMemory = async () => {
    const known = engines().filter((pid) => pid !== undefined);
    return (await Promise.all(known.map(residentBytes))).filter((bytes) => bytes !== null);
  };
  return {
    ...{ metrics, queue },
    async read() {
      await metrics.start(programVersion(), { queue, engineMemory });
      return (await metrics.read()) ?? '';
    },
  };
}

/** Null where the system does not tell, as only Linux does. */
async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
