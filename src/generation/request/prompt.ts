import type { ModelDescription } from '../../domain/model-entry.js';
import type { TokenCount } from '../../domain/prompt.js';
import { refused, refusedAs, tooLong, unsupported } from '../../domain/validation.js';
import { ofFiles } from './model.js';
import type { RequestContext } from './reader.js';

const maxPromptBytes = 32 * 1024;
/** Tokens beyond the model's limit are cut off and reported; a prompt of more than this many times the limit is a mistake. */
const tokenLimits = 4;

/** A text in Unicode's NFC, otherwise unchanged: white space means something to the model. @throws InvalidInput */
export function readText(field: string, value: string): string {
  // Half of a surrogate pair has no UTF-8: different prompts would become the same bytes.
  if (/\p{Surrogate}/u.test(value))
    throw refusedAs(field, 'valid Unicode', 'half of a surrogate pair', { code: 'INVALID_TEXT' });
  const bytes = Buffer.byteLength(value);
  if (bytes > maxPromptBytes)
    throw refusedAs(field, `at most ${maxPromptBytes} bytes long`, `${bytes} bytes`, tooLong(maxPromptBytes, 'BYTES'));
  return value.normalize('NFC');
}

/**
 * A prompt that is not empty. An empty one is refused, even though the models take it: it is far more often a form sent too early than
 * intended.
 *
 * @throws InvalidInput
 */
export function requirePrompt(prompt: string): string {
  const text = readText('prompt', prompt);
  if (text.trim() === '') throw refused('prompt', 'not empty', prompt, { code: 'EMPTY' });
  return text;
}

/** @throws InvalidInput */
export function negativeOf(asked: string | null | undefined, model: ModelDescription): string {
  const negative = readText('negativePrompt', asked ?? '');
  if (negative !== '' && !model.supportsNegativePrompt)
    throw refused('negativePrompt', `empty, as ${model.id} takes none,`, negative, unsupported(model.id));
  return negative;
}

/** @throws InvalidInput where they are far too many */
export async function checkedTokenCount(
  field: string,
  prompt: string,
  model: ModelDescription,
  context: RequestContext,
): Promise<TokenCount> {
  if (prompt === '') return { tokens: 0, truncated: false };
  const count = await ofFiles(model, context, () => context.countTokens(model.id, prompt));
  const most = tokenLimits * model.limits.maxPromptTokens;
  if (count.tokens > most)
    throw refusedAs(field, `at most ${most} tokens long`, `${count.tokens} tokens`, tooLong(most, 'TOKENS'));
  return count;
}
