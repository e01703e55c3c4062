import type { Device } from '../engine/job.js';

/** What the doctor found, as `--json` prints it. Sizes are bytes; a problem is a sentence, or null. */
export interface Findings {
  readonly node: string;
  readonly platform: string;
  readonly architecture: string;
  readonly device: DeviceFinding;
  readonly threads: number;
  readonly memory: { readonly free: number; readonly total: number; readonly forModels: number };
  readonly data: { readonly folder: string; readonly isThere: boolean; readonly problem: string | null };
  readonly models: readonly ModelFinding[];
  /** What to do before it can be served; empty where nothing stands in the way. */
  readonly next: readonly string[];
}

export type DeviceFinding =
  | { readonly device: Device; readonly reason: string; readonly problem: null }
  | { readonly device: null; readonly reason: null; readonly problem: string };

export interface ModelFinding {
  readonly id: string;
  readonly name: string;
  readonly previews: boolean;
  /** Ids. */
  readonly loras: readonly string[];
  /** Of its weights on disk; null where it is not whole. */
  readonly bytes: number | null;
  readonly types: readonly string[];
  readonly problem: string | null;
}

export function printFindings({ node, platform, architecture, device, threads, memory, data, models, next }: Findings) {
  console.log(`Node      ${node}, ${platform} ${architecture}`);
  console.log(`Device    ${device.problem === null ? `${device.device}: ${device.reason}` : unusable(device.problem)}`);
  console.log(`Threads   ${threads}`);
  console.log(
    `Memory    ${size(memory.free)} free of ${size(memory.total)}; models may take ${size(memory.forModels)}`,
  );
  const remark = data.isThere ? '' : ' (made at the first start)';
  console.log(`Data      ${data.folder}${data.problem === null ? remark : ` cannot be used: ${data.problem}`}`);
  for (const model of models) console.log(`Model     ${described(model)}`);
  console.log('');
  console.log(
    next.length > 0
      ? `Next: ${next.join('; ')}; then ask again.`
      : 'Next: `npm start`, or `inkstone generate "a panda, snow background" --out panda.png`.',
  );
}

function described({ id, name, previews, loras, bytes, types, problem }: ModelFinding): string {
  if (problem !== null) return `${id} ${unusable(problem)}`;
  return [
    `${id} (${name}) is whole: ${size(bytes ?? 0)} of weights in ${types.join(', ')}`,
    ...(previews ? [] : ['no previews']),
    ...(loras.length === 0 ? [] : [`LoRAs: ${loras.join(', ')}`]),
  ].join('; ');
}

function unusable(problem: string): string {
  return `cannot be used. ${problem}`;
}

function size(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
