import { chosenModel } from '../request/model.js';
import type { Reader } from '../request/reader.js';
import { text } from '../request/words.js';
import type { PromptAdvice } from './advise.js';

/**
 * Advice on a prompt for a model of the catalog; left out, the default one. However long the prompt is, it is advised on.
 *
 * @throws InvalidInput, UnknownModel, QueueFull
 */
export async function readForAdvice(
  prompt: string,
  model: string | null | undefined,
  { catalog, countTokens, advise }: Reader,
): Promise<PromptAdvice> {
  const { id, limits } = chosenModel(model, catalog);
  const read = text('prompt', prompt);
  const { tokens, truncated } = await countTokens(id, read);
  return advise(read, { tokens, truncated, maxTokens: limits.maxPromptTokens });
}
