import { randomInt } from 'node:crypto';
import type { ModelEntry } from '../../domain/model-entry.js';
import { outOfRange, refused, unsupported, whole } from '../../domain/validation.js';
import type { CanonicalSampling } from '../canonical.js';
import { dynamicGuidance } from '../dynamic-guidance.js';
import type { ResolvedRequest } from '../resolved-request.js';
import type { CachePolicy, GuidedRequest } from '../types.js';
import { lorasOf } from './loras.js';
import { ofFiles } from './model.js';
import { counted, negativeOf } from './prompt.js';
import type { RequestContext } from './reader.js';

const maxSteps = 100;
const maxGuidance = 20;
const maxNormalization = 10;
/** Seeds that are drawn are below this, so that clients in any language hold them; any seed to 2^53 may be asked for. */
const SEEDS_DRAWN = 2 ** 32;

/** What all kinds of requests have in common, read. */
export interface Sampling extends Pick<ResolvedRequest, 'policy' | 'randomSeed' | 'promptTokens' | 'promptTruncated'> {
  readonly canonical: Omit<CanonicalSampling, 'width' | 'height'>;
}

/**
 * Reads what all kinds of requests have in common: defaults from the model's entry, limits, canonical form.
 *
 * @param words the prompt, read
 * @param defaultSteps when none are asked for
 * @throws InvalidInput
 */
export async function readSampling(
  request: GuidedRequest,
  { words, count, defaultSteps }: { words: string; count: number; defaultSteps: number },
  model: ModelEntry,
  context: RequestContext,
): Promise<Sampling> {
  const steps = whole('steps', request.steps ?? defaultSteps, 1, maxSteps);
  const policy = request.cache ?? 'DEFAULT';
  const { seed, randomSeed } = seedOf(request.seed, count, policy);
  const asked = guidanceOf(request.guidance, model);
  const normalization = limitOf('guidanceNormalization', request.guidanceNormalization, 0, maxNormalization, model);
  const truncation = limitOf('guidanceTruncation', request.guidanceTruncation, 1, 1, model);
  const asksNegative = negativeOf(request.negativePrompt, model);
  const [{ tokens, truncated }, content, loras] = await Promise.all([
    counted('prompt', words, model, context),
    ofFiles(model, context, () => context.modelContent(model.id)),
    lorasOf(request.loras ?? [], model, context),
    counted('negativePrompt', asksNegative, model, context),
  ]);
  const guidance = request.dynamicGuidance === true ? dynamicGuidance(asked, words, tokens) : asked;
  const guided = guidance > 0;
  const canonical = {
    ...{ device: context.device, runtime: context.runtime, maxPromptTokens: model.limits.maxPromptTokens },
    ...{ model: model.id, content, prompt: words, steps, guidance, loras, seed, count },
    negativePrompt: guided ? asksNegative : '',
    guidanceNormalization: guided ? normalization : 0,
    guidanceTruncation: guided ? truncation : 1,
  };
  return { canonical, policy, randomSeed, promptTokens: tokens, promptTruncated: truncated };
}

function seedOf(asked: number | null | undefined, count: number, policy: CachePolicy) {
  // Image i has seed + i, and every seed must be one that can be asked for again.
  const most = Number.MAX_SAFE_INTEGER - (count - 1);
  if (asked != null) return { seed: whole('seed', asked, 0, most), randomSeed: false };
  if (policy === 'ONLY')
    throw refused('seed', 'given with cache: ONLY, as a drawn seed is never remembered,', asked, {
      code: 'REQUIRED',
      parameters: { with: 'cache' },
    });
  return { seed: randomInt(SEEDS_DRAWN - (count - 1)), randomSeed: true };
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
