import { CheckpointError } from '../errors.js';

/** The factor on B·A of a layer, given the rank of its factors. */
export type Scaling = (module: string, rank: number) => number;

/** Where diffusers keeps the configuration that PEFT trained with. */
export const ADAPTER_KEY = 'lora_adapter_metadata';

/**
 * How strongly a LoRA counts where its file has no alphas: by the configuration in its header (`transformer.lora_alpha` and others) or,
 * without one, as its factors are.
 *
 * @param file what complaints call it
 * @throws CheckpointError
 * @see peft `LoraLayer.update_layer`
 */
export function scalingOf(file: string, metadata: Readonly<Record<string, unknown>>): Scaling {
  const fields = adapter(file, metadata[ADAPTER_KEY]);
  const field = (name: string) => fields[`transformer.${name}`] ?? fields[name] ?? null;
  const alpha = field('lora_alpha');
  if (alpha === null) return () => 1;
  const patterns = Object.entries((field('alpha_pattern') ?? {}) as Record<string, unknown>);
  const root = field('use_rslora') === true;
  return (module, rank) => {
    const [, own] = patterns.find(([pattern]) => matches(module, pattern)) ?? [];
    return number(file, own ?? alpha) / (root ? Math.sqrt(rank) : rank);
  };
}

function adapter(file: string, text: unknown): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const fields: unknown = JSON.parse(String(text));
    if (typeof fields === 'object' && fields !== null) return fields as Record<string, unknown>;
  } catch {
    // Said below, as for other things that are no configuration.
  }
  throw new CheckpointError(
    `${file}: expected "${ADAPTER_KEY}" in its header to be a JSON object but it is ${JSON.stringify(String(text).slice(0, 40))}.`,
  );
}

/** A pattern is the end of a layer's name or, after ^, the whole of it. */
function matches(module: string, pattern: string): boolean {
  return `.${module}`.endsWith(`.${pattern}`) || pattern === `^${module}`;
}

function number(file: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new CheckpointError(
    `${file}: expected "lora_alpha" in its header to be a number but it is ${JSON.stringify(value).slice(0, 40)}.`,
  );
}
