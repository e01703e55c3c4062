import type { Device } from '../engine/engine.js';
import type { ServiceFinding } from './services.js';

/** What the doctor found, as `--json` prints it. Sizes are bytes; a problem is a sentence, or null, or several sentences. */
export interface Findings {
  readonly node: string;
  readonly platform: string;
  readonly architecture: string;
  readonly device: DeviceFinding;
  readonly threads: number;
  readonly memory: { readonly free: number; readonly total: number; readonly forModels: number };
  readonly data: { readonly folder: string; readonly isThere: boolean; readonly problem: string | null };
  /** What a fleet shares, where the settings name it. */
  readonly services: readonly ServiceFinding[];
  readonly models: readonly ModelFinding[];
  /** Named folders that are no checkpoints. */
  readonly noCheckpoints: readonly string[];
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
  /** Ids of those that can be used. */
  readonly loras: readonly string[];
  readonly unusableLoras: readonly { readonly id: string; readonly problem: string }[];
  /** Of its weights on disk; null where it is not whole. */
  readonly bytes: number | null;
  readonly types: readonly string[];
  /** One for each of its parts that cannot be used. */
  readonly problems: readonly string[];
}

export function printFindings(findings: Findings): void {
  const { node, platform, architecture, device, threads, memory, data, services, models, noCheckpoints, next } =
    findings;
  console.log(`Node      ${node}, ${platform} ${architecture}`);
  console.log(`Device    ${device.problem === null ? `${device.device}: ${device.reason}` : unusable(device.problem)}`);
  console.log(`Threads   ${threads}`);
  console.log(
    `Memory    ${size(memory.free)} free of ${size(memory.total)}; models may take ${size(memory.forModels)}`,
  );
  const remark = data.isThere ? '' : ' (made at the first start)';
  console.log(`Data      ${data.folder}${data.problem === null ? remark : ` cannot be used: ${data.problem}`}`);
  for (const { name, found, problems } of services) {
    if (problems.length === 0) console.log(`${name.padEnd(8)}  ${found}`);
    for (const problem of problems) console.log(`${name.padEnd(8)}  ${problem}`);
  }
  for (const problem of noCheckpoints) console.log(`Model     a checkpoint ${unusable(problem)}`);
  for (const model of models) printModel(model);
  console.log('');
  console.log(
    next.length > 0
      ? `Next: ${next.join('; ')}; then ask again.`
      : 'Next: `npm start`, or `inkstone generate "a panda, snow background" --out panda.png`.',
  );
}

function printModel(model: ModelFinding): void {
  const { id, problems, unusableLoras } = model;
  for (const problem of problems) console.log(`Model     ${id} ${unusable(problem)}`);
  if (problems.length === 0) console.log(`Model     ${described(model)}`);
  for (const lora of unusableLoras) console.log(`LoRA      ${lora.id} of ${id} ${unusable(lora.problem)}`);
}

function described({ id, name, previews, loras, bytes, types }: ModelFinding): string {
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
