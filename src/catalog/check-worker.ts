import type { Check } from './checks.js';
import { type Finding, loraFinding, modelFindings } from './findings.js';

/** The thread of checks.ts. */
export default function look({ model, lora, machine }: Check): readonly Finding[] {
  const finding = lora === null ? modelFindings(model, machine) : loraFinding(model, lora);
  return finding === null ? [] : [finding].flat();
}
