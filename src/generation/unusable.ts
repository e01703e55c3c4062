import type { Fault } from '../checkpoint/index.js';
import type { ProblemDetails } from '../domain/problem-codes.js';

/** Why a listed model or LoRA cannot be used, without a path of this machine. */
const reasons: Readonly<Record<Fault, string>> = {
  missing: 'a file is missing',
  damaged: 'a file is damaged',
  changing: 'a file is being changed',
  'too large': 'it needs more memory than this server gives',
  unsuitable: 'it is not made for what this server does with it',
};

/** `"ink", which cannot be used here: a file is missing` */
export function unusable(name: string, fault: Fault): string {
  return `${JSON.stringify(name)}, which cannot be used here: ${reasons[fault]}`;
}

/** What a refusal says beside its sentence: only files that are being changed will be others in a moment. */
export function unusableDetails(
  code: 'UNUSABLE_MODEL' | 'UNUSABLE_LORA' | 'UNUSABLE_FINDER',
  fault: Fault,
): ProblemDetails {
  return { code, parameters: { fault: fault.toUpperCase().replace(' ', '_') }, retryable: fault === 'changing' };
}
