import { randomInt } from 'node:crypto';
import type { ModelEntry } from '../../domain/model-entry.js';
import { outOfRange, refused, unsupported, whole } from '../../domain/validation.js';
import type { CanonicalDrawing } from '../canonical.js';
import { dynamicGuidance } from '../dynamic-guidance.js';
import type { Order } from '../resolved-request.js';
import type { CachePolicy, GuidedRequest } from '../types.js';
import { lorasOf } from './loras.js';
import { ofFiles } from './model.js';
import { counted, negativeOf } from './prompt.js';
import type { Reader } from './reader.js';

const maxSteps = 100;
const maxGuidance = 20;
const maxNormalization = 10;
/** Seeds that are drawn are below this, so that clients in any language hold them; any seed to 2^53 may be asked for. */
const SEEDS_DRAWN = 2 ** 32;

/** What all kinds of requests have in common, read. */
export interface Drawing extends Pick<Order, 'policy' | 'drawn' | 'promptTokens' | 'promptTruncated'> {
  readonly canonical: Omit<CanonicalDrawing, 'width' | 'height'>;
}

/**
 * Reads what all kinds of requests have in common: defaults from the model's entry, limits, canonical form.
 *
 * @param words the prompt, read
 * @param defaultSteps when none are asked for
 * @throws InvalidInput
 */
export async function readDrawing(
  request: GuidedRequest,
  { words, count, defaultSteps }: { words: string; count: number; defaultSteps: number },
  model: ModelEntry,
  reader: Reader,
): Promise<Drawing> {
  const steps = whole('steps', request.steps ?? defaultSteps, 1, maxSteps);
  const policy = request.cache ?? 'DEFAULT';
  const { seed, drawn } = seedOf(request.seed, count, policy);
  const asked = guidanceOf(request.guidance, model);
  const normalization = limitOf('guidanceNormalization', request.guidanceNormalization, 0, maxNormalization, model);
  const truncation = limitOf('guidanceTruncation', request.guidanceTruncation, 1, 1, model);
  const asksNegative = negativeOf(request.negativePrompt, model);
  const [{ tokens, truncated }, content, loras] = await Promise.all([
    counted('prompt', words, model, reader),
    ofFiles(model, reader, () => reader.modelContent(model.id)),
    lorasOf(request.loras ?? [], model, reader),
    counted('negativePrompt', asksNegative, model, reader),
  ]);
  const guidance = request.dynamicGuidance === true ? dynamicGuidance(asked, words, tokens) : asked;
  const guided = guidance > 0;
  const canonical = {
    ...{ device: reader.device, runtime: reader.runtime, maxPromptTokens: model.limits.maxPromptTokens },
    ...{ model: model.id, content, prompt: words, steps, guidance, loras, seed, count },
    negativePrompt: guided ? asksNegative : '',
    guidanceNormalization: guided ? normalization : 0,
    guidanceTruncation: guided ? truncation : 1,
  };
  return { canonical, policy, drawn, promptTokens: tokens, promptTruncated: truncated };
}

function seedOf(asked: number | null | undefined, count: number, policy: CachePolicy) {
  // Picture i has seed + i, and every seed must be one that can be asked for again.
  const most = Number.MAX_SAFE_INTEGER - (count - 1);
  if (asked != null) return { seed: whole('seed', asked, 0, most), drawn: false };
  if (policy === 'ONLY')
    throw refused('seed', 'given with cache: ONLY, as a drawn seed is never remembered,', asked, {
      code: 'REQUIRED',
      parameters: { with: 'cache' },
    });
  return { seed: randomInt(SEEDS_DRAWN - (count - 1)), drawn: true };
}

function guidanceOf(asked: number | null | undefined, model: ModelEntry): number {
  if (asked == null) return model.defaults.guidance;
  if (!model.supportsGuidance && asked !== 0)
    throw refused('guidance', `0, as ${model.id} takes none,`, asked, unsupported(model.id));
  return between('guidance', asked, maxGuidance);
}

/** A limit on guidance, which a model without any has no use for. */
function limitOf(
  field: string,
  asked: number | null | undefined,
  none: number,
  most: number,
  model: ModelEntry,
): number {
  if (asked == null || asked === none) return none;
  if (!model.supportsGuidance)
    throw refused(field, `left out, as ${model.id} takes no guidance,`, asked, unsupported(model.id));
  return between(field, asked, most);
}

function between(field: string, asked: number, most: number): number {
  if (!(asked >= 0 && asked <= most)) throw refused(field, `between 0 and ${most}`, asked, outOfRange(0, most));
  // −0 and 0 are the same wish.
  return asked + 0;
}
