import { chosenModel, ofFiles } from '../request/model.js';
import { readText } from '../request/prompt.js';
import type { RequestContext } from '../request/reader.js';
import type { PromptAdvice } from './advise.js';

/**
 * Advice on a prompt for a model of the catalog; left out, the default one. However long the prompt is, it is advised on.
 *
 * @throws InvalidInput, UnknownModel, QueueFull
 */
export async function readForAdvice(
  prompt: string,
  model: string | null | undefined,
  reader: RequestContext,
): Promise<PromptAdvice> {
  const chosen = await chosenModel(model, reader);
  const read = readText('prompt', prompt);
  const { tokens, truncated } = await ofFiles(chosen, reader, () => reader.countTokens(chosen.id, read));
  return reader.advise(read, { tokens, truncated, maxTokens: chosen.limits.maxPromptTokens });
}
