import { CheckpointError } from '../../compiler/index.js';
import type { ModelEntry } from '../../engine/catalog.js';
import type { AppliedLora } from '../../engine/job.js';
import type { CanonicalLora } from '../canonical.js';
import { refused, refusedAs } from '../expected.js';
import { InvalidInput } from '../problems.js';
import type { Reader } from './reader.js';

const maxLoras = 8;
/** Either way; far beyond what leaves a picture. */
const maxWeight = 8;

/** The LoRAs that are added, by id: in which order they are asked for does not count. @throws InvalidInput */
export async function lorasOf(
  asked: readonly AppliedLora[],
  model: ModelEntry,
  reader: Reader,
): Promise<readonly CanonicalLora[]> {
  if (asked.length > maxLoras) throw refusedAs('loras', `at most ${maxLoras}`, String(asked.length));
  for (const [i, { id, weight }] of asked.entries()) {
    const field = `loras.${i}`;
    if (!model.loras.some((lora) => lora.id === id)) throw refused(`${field}.id`, listed(model), id);
    if (asked.findIndex((lora) => lora.id === id) < i) throw refused(`${field}.id`, 'named only once', id);
    if (!(Math.abs(weight) <= maxWeight))
      throw refused(`${field}.weight`, `between −${maxWeight} and ${maxWeight}`, weight);
  }
  const read = asked.map(async ({ id, weight }, i) => ({ id, weight, content: await contentOf(i, id, model, reader) }));
  const loras = await Promise.all(read);
  return loras.filter(({ weight }) => weight !== 0).sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function contentOf(i: number, id: string, model: ModelEntry, reader: Reader): Promise<string> {
  try {
    return await reader.loraContent(model.id, id);
  } catch (error) {
    if (error instanceof CheckpointError) throw new InvalidInput(`loras.${i}.id`, error.message);
    throw error;
  }
}

const listed = ({ id, loras }: ModelEntry) =>
  loras.length === 0
    ? `left out, as ${id} has none,`
    : `one that ${id} lists (${loras.map((lora) => lora.id).join(', ')})`;
