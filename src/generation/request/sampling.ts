import { randomInt } from 'node:crypto';
import type { Canonical } from '../../domain/canonical.js';
import type { ModelDescription } from '../../domain/model-entry.js';
import { type Sampling, unguided } from '../../domain/sampling.js';
import { outOfRange, refused, unsupported, whole } from '../../domain/validation.js';
import { dynamicGuidance } from '../dynamic-guidance.js';
import type { ResolvedRequest } from '../resolved-request.js';
import type { CachePolicy, GuidedRequest } from '../types.js';
import { lorasOf } from './loras.js';
import { ofFiles } from './model.js';
import { checkedTokenCount, negativeOf } from './prompt.js';
import type { RequestContext } from './reader.js';

const maxSteps = 100;
const maxGuidance = 20;
const maxNormalization = 10;
/** Random seeds are below this, so that clients in any language hold them; any seed to 2^53 may be asked for. */
const RANDOM_SEEDS = 2 ** 32;

/** What all kinds of requests have in common, read. */
interface Common extends Pick<ResolvedRequest, 'policy' | 'randomSeed' | 'promptTokens'> {
  readonly canonical: Omit<Canonical, 'width' | 'height'> & { readonly count: number };
}

/**
 * Reads what all kinds of requests have in common: defaults from the model's entry, limits, canonical form.
 *
 * @param text the prompt, read
 * @param defaultSteps when none are asked for
 * @throws InvalidInput
 */
export async function readCommon(
  request: GuidedRequest,
  { text, count, defaultSteps }: { text: string; count: number; defaultSteps: number },
  model: ModelDescription,
  context: RequestContext,
): Promise<Common> {
  const policy = request.cache ?? 'DEFAULT';
  const asked = samplingOf(request, defaultSteps, model);
  const { seed, randomSeed } = seedOf(request.seed, count, policy);
  const negative = negativeOf(request.negativePrompt, model);
  const [promptTokens, content, loras] = await Promise.all([
    checkedTokenCount('prompt', text, model, context),
    ofFiles(model, context, () => context.modelContent(model.id)),
    lorasOf(request.loras ?? [], model, context),
    checkedTokenCount('negativePrompt', negative, model, context),
  ]);
  const guidance =
    request.dynamicGuidance === true ? dynamicGuidance(asked.guidance, text, promptTokens.tokens) : asked.guidance;
  const guided = guidance > 0;
  const canonical = {
    ...context.computedBy(model.id),
    maxPromptTokens: model.limits.maxPromptTokens,
    ...{ model: model.id, content, seed, count },
    prompt: { text, negative: guided ? negative : '' },
    sampling: { ...asked, guidance, ...(guided ? {} : unguided), loras },
  };
  return { canonical, policy, randomSeed, promptTokens };
}

/** What a request says of sampling, its LoRAs left out. */
function samplingOf(request: GuidedRequest, defaultSteps: number, model: ModelDescription): Omit<Sampling, 'loras'> {
  return {
    steps: whole('steps', request.steps ?? defaultSteps, 1, maxSteps),
    guidance: guidanceOf(request.guidance, model),
    guidanceNormalization: limitOf('guidanceNormalization', request, maxNormalization, model),
    guidanceTruncation: limitOf('guidanceTruncation', request, 1, model),
  };
}

function seedOf(asked: number | null | undefined, count: number, policy: CachePolicy) {
  // Image i has seed + i, and every seed must be one that can be asked for again.
  const most = Number.MAX_SAFE_INTEGER - (count - 1);
  if (asked != null) return { seed: whole('seed', asked, 0, most), randomSeed: false };
  if (policy === 'ONLY')
    throw refused('seed', 'given with cache: ONLY, as a random seed bypasses the result cache,', asked, {
      code: 'REQUIRED',
      parameters: { with: 'cache' },
    });
  return { seed: randomInt(RANDOM_SEEDS - (count - 1)), randomSeed: true };
}

function guidanceOf(asked: number | null | undefined, model: ModelDescription): number {
  if (asked == null) return model.defaults.guidance;
  if (!model.supportsGuidance && asked !== 0)
    throw refused('guidance', `0, as ${model.id} takes none,`, asked, unsupported(model.id));
  return between('guidance', asked, maxGuidance);
}

/** A limit on guidance. Left out, it limits nothing; a model without guidance takes no other value. */
function limitOf(
  field: 'guidanceNormalization' | 'guidanceTruncation',
  request: GuidedRequest,
  most: number,
  model: ModelDescription,
): number {
  const [asked, none] = [request[field], unguided[field]];
  if (asked == null || asked === none) return none;
  if (!model.supportsGuidance)
    throw refused(field, `left out, as ${model.id} takes no guidance,`, asked, unsupported(model.id));
  return between(field, asked, most);
}

function between(field: string, asked: number, most: number): number {
  if (!(asked >= 0 && asked <= most)) throw refused(field, `between 0 and ${most}`, asked, outOfRange(0, most));
  // −0 and 0 are the same value.
  return asked + 0;
}
