import { randomInt } from 'node:crypto';
import type { ModelEntry } from '../engine/catalog.js';
import type { CanonicalRequest } from './canonical.js';
import { dynamicGuidance } from './dynamic-guidance.js';
import { refused, refusedAs, whole } from './expected.js';
import { UnknownModel } from './problems.js';
import type { CachePolicy, GenerateRequest } from './types.js';

export interface TokenCount {
  /** As the model would see them, before truncation. */
  readonly tokens: number;
  readonly truncated: boolean;
}

/** What is asked of the engine's side to read a request. */
export interface Reader {
  readonly catalog: readonly ModelEntry[];
  /** Hash of the model's content. */
  readonly modelContent: (model: string) => string | Promise<string>;
  readonly countTokens: (model: string, prompt: string) => TokenCount | Promise<TokenCount>;
  /** The class of device that pictures are made on. */
  readonly device: string;
}

/** A request with everything decided. */
export interface Order {
  readonly canonical: CanonicalRequest;
  readonly policy: CachePolicy;
  /** The client gave no seed: nothing remembered answers it, and it joins nobody's flight. */
  readonly drawn: boolean;
  readonly promptTokens: number;
  readonly promptTruncated: boolean;
}

const maxPromptBytes = 32 * 1024;
const maxCount = 8;
const maxSteps = 100;
const maxGuidance = 20;
/** Tokens beyond the model's limit are cut off and reported; a prompt of more than this many times the limit is a mistake. */
const tokenLimits = 4;

/**
 * Reads a request: defaults from the model's entry, limits, canonical form.
 *
 * Prompts are taken as they are but for Unicode's NFC: white space is the model's to judge. An empty prompt is refused, even
 * though the models could draw one: it is far more often a form sent too early than a wish.
 *
 * @throws InvalidInput, UnknownModel
 */
export async function readRequest(request: GenerateRequest, reader: Reader): Promise<Order> {
  const model = chosenModel(request.model, reader.catalog);
  if (!model.operations.includes('GENERATE')) throw refused('model', 'one that can GENERATE', model.id);
  const prompt = text('prompt', request.prompt);
  if (prompt.trim() === '') throw refused('prompt', 'not empty', request.prompt);
  const { width, height } = size(request, model);
  const steps = whole('steps', request.steps ?? model.defaults.steps, 1, maxSteps);
  const count = whole('count', request.count ?? 1, 1, maxCount);
  const policy = request.cache ?? 'DEFAULT';
  const { seed, drawn } = seedOf(request.seed, count, policy);
  const asked = guidanceOf(request.guidance, model);
  const asksNegative = negativeOf(request.negativePrompt, model);
  const [{ tokens, truncated }, content] = await Promise.all([
    counted('prompt', prompt, model, reader),
    reader.modelContent(model.id),
    counted('negativePrompt', asksNegative, model, reader),
  ]);
  const guidance = request.dynamicGuidance === true ? dynamicGuidance(asked, prompt, tokens) : asked;
  return {
    canonical: {
      operation: 'GENERATE',
      model: model.id,
      content,
      device: reader.device,
      prompt,
      negativePrompt: guidance > 0 ? asksNegative : '',
      width,
      height,
      steps,
      guidance,
      seed,
      count,
    },
    policy,
    drawn,
    promptTokens: tokens,
    promptTruncated: truncated,
  };
}

/** By id, else by name; left out, the first of the catalog. */
export function chosenModel(asked: string | null | undefined, catalog: readonly ModelEntry[]): ModelEntry {
  const model =
    asked == null ? catalog[0] : (catalog.find(({ id }) => id === asked) ?? catalog.find(({ name }) => name === asked));
  if (model !== undefined) return model;
  const available = catalog.map(({ id }) => id);
  throw new UnknownModel(refused('model', `one of ${available.join(', ')}`, asked).message, available);
}

export function text(field: string, value: string): string {
  // Half of a surrogate pair has no UTF-8: different prompts would become the same bytes.
  if (/\p{Surrogate}/u.test(value)) throw refusedAs(field, 'valid Unicode', 'half of a surrogate pair');
  const bytes = Buffer.byteLength(value);
  if (bytes > maxPromptBytes) throw refusedAs(field, `at most ${maxPromptBytes} bytes long`, `${bytes} bytes`);
  return value.normalize('NFC');
}

function size({ width, height }: GenerateRequest, { defaults, limits }: ModelEntry) {
  const side = (field: string, value: number) => {
    if (value % 16 === 0 && value >= limits.minSide && value <= limits.maxSide) return value;
    throw refused(field, `a multiple of 16 between ${limits.minSide} and ${limits.maxSide}`, value);
  };
  const sides = { width: side('width', width ?? defaults.width), height: side('height', height ?? defaults.height) };
  if (sides.width * sides.height > limits.maxPixels) {
    // The side that the client chose is the one to change.
    const field = width == null ? 'height' : 'width';
    throw refusedAs(
      field,
      `such that width × height is at most ${limits.maxPixels}`,
      `${sides.width} × ${sides.height}`,
    );
  }
  return sides;
}

function seedOf(asked: number | null | undefined, count: number, policy: CachePolicy) {
  // Picture i has seed + i, and every seed must be one that can be asked for again.
  const most = Number.MAX_SAFE_INTEGER - (count - 1);
  if (asked != null) return { seed: whole('seed', asked, 0, most), drawn: false };
  if (policy === 'ONLY') throw refused('seed', 'given with cache: ONLY, as a drawn seed is never remembered,', asked);
  return { seed: drawSeed(most), drawn: true };
}

/** Uniform in 0 … most; `randomInt` ends at 2^48. */
function drawSeed(most: number): number {
  const seed = randomInt(2 ** 21) * 2 ** 32 + randomInt(2 ** 32);
  return seed <= most ? seed : drawSeed(most);
}

function guidanceOf(asked: number | null | undefined, model: ModelEntry): number {
  if (asked == null) return model.defaults.guidance;
  if (!model.supportsGuidance && asked !== 0) throw refused('guidance', `0, as ${model.id} takes none,`, asked);
  if (!(asked >= 0 && asked <= maxGuidance)) throw refused('guidance', `between 0 and ${maxGuidance}`, asked);
  // −0 and 0 are the same wish.
  return asked + 0;
}

function negativeOf(asked: string | null | undefined, model: ModelEntry): string {
  const negative = text('negativePrompt', asked ?? '');
  if (negative !== '' && !model.supportsNegativePrompt)
    throw refused('negativePrompt', `empty, as ${model.id} takes none,`, negative);
  return negative;
}

async function counted(field: string, prompt: string, model: ModelEntry, reader: Reader): Promise<TokenCount> {
  if (prompt === '') return { tokens: 0, truncated: false };
  const count = await reader.countTokens(model.id, prompt);
  const most = tokenLimits * model.limits.maxPromptTokens;
  if (count.tokens > most) throw refusedAs(field, `at most ${most} tokens long`, `${count.tokens} tokens`);
  return count;
}
