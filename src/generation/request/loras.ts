import { CheckpointError, type Fault } from '../../checkpoint/index.js';
import type { ModelDescription } from '../../domain/model-entry.js';
import type { ProblemDetails } from '../../domain/problem-codes.js';
import type { AppliedLora, SampledLora } from '../../domain/sampling.js';
import { outOfRange, refused, refusedAs, unsupported } from '../../domain/validation.js';
import { unusable as inWords, unusableDetails } from '../unusable.js';
import type { RequestContext } from './reader.js';

const maxLoras = 8;
/** Either way; far beyond what leaves an image. */
const maxWeight = 8;

/** The LoRAs that are added, by id: in which order they are asked for does not count. @throws InvalidInput */
export async function lorasOf(
  wanted: readonly AppliedLora[],
  model: ModelDescription,
  context: RequestContext,
): Promise<readonly SampledLora[]> {
  const asked = wanted.map(({ id, weight }) => ({ id: keyOf(id, model), weight }));
  if (asked.length > maxLoras)
    throw refusedAs('loras', `at most ${maxLoras}`, String(asked.length), {
      code: 'TOO_MANY',
      parameters: { max: maxLoras },
    });
  for (const [i, { id, weight }] of asked.entries()) {
    const field = `loras.${i}`;
    if (!model.loras.some((lora) => lora.id === id)) throw refused(`${field}.id`, listed(model), id, unlisted(model));
    if (asked.findIndex((lora) => lora.id === id) < i)
      throw refused(`${field}.id`, 'named only once', id, { code: 'DUPLICATE' });
    if (!(Math.abs(weight) <= maxWeight))
      throw refused(
        `${field}.weight`,
        `between −${maxWeight} and ${maxWeight}`,
        weight,
        outOfRange(-maxWeight, maxWeight),
      );
  }
  const read = asked.map(async ({ id, weight }, i) => ({
    id,
    weight,
    content: await contentOf(i, id, model, context),
  }));
  const loras = await Promise.all(read);
  return loras.filter(({ weight }) => weight !== 0).sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function contentOf(
  i: number,
  id: string,
  model: ModelDescription,
  { usable, loraContent }: RequestContext,
): Promise<string> {
  const refuse = (fault: Fault): never => {
    const details = unusableDetails('UNUSABLE_LORA', fault);
    throw refusedAs(`loras.${i}.id`, 'one that can be used', inWords(id, fault), details);
  };
  const finding = await usable.loraFinding(model.id, id);
  if (finding !== null) return refuse(finding.fault);
  try {
    return await loraContent(model.id, id);
  } catch (error) {
    if (error instanceof CheckpointError) return refuse(error.fault);
    throw error;
  }
}

/** `model/key` is that LoRA of that model and of no other, however alike they are called. */
function keyOf(id: string, model: ModelDescription): string {
  return id.startsWith(`${model.id}/`) ? id.slice(model.id.length + 1) : id;
}

const listed = ({ id, loras }: ModelDescription) =>
  loras.length === 0
    ? `left out, as ${id} has none,`
    : `one that ${id} lists (${loras.map((lora) => lora.id).join(', ')})`;

const unlisted = ({ id, loras }: ModelDescription): ProblemDetails =>
  loras.length === 0
    ? unsupported(id)
    : { code: 'UNKNOWN_LORA', parameters: { model: id, available: loras.map((lora) => lora.id).join(', ') } };
