import { CheckpointError } from '../errors.js';
import type { StoredTensor } from '../formats/safetensors.js';
import { scaledBy } from '../formats/scales.js';

/** [out, in] of linear layers, by the checkpoint's names: `layers.0.attention.to_q`. */
export type LinearShapes = ReadonlyMap<string, readonly [number, number]>;

/** The tensors that make up one low-rank term in a file, and the layers that share it. */
export interface NamedTerm {
  /** As the file has it: `lora_unet_layers_0_attention_to_q`. */
  readonly name: string;
  /** More than one where query, key and value are fused: rows of B in that order. */
  readonly modules: readonly string[];
  /** A [r, in]. */
  readonly down: StoredTensor;
  /** B [out, r]. */
  readonly up: StoredTensor;
  readonly alpha: StoredTensor | null;
}

const PART =
  /^(?<name>.+?)\.(?:(?<down>lora_A|lora_down)|(?<up>lora_B|lora_up))(?:\.[^.]+)?\.weight$|^(?<scaled>.+)\.alpha$/;
/**
 * What tools put before a layer's name: modules that hold the transformer (diffusers, ComfyUI and ai-toolkit, PEFT, DiffSynth), then
 * Kohya's kind of network (for this family with one underscore or two) or LyCORIS's.
 */
const PREFIX =
  /^(?:(?:base_model|diffusion_model|dit|model|module|net|pipe|pipeline|transformer|unet)\.)*(?:lora_(?:dit|transformer|unet)__?|lycoris_)?/;
/** `torch.compile` puts this before the name of whatever it compiled. */
const COMPILED = /(?<=^|\.)_orig_mod\./g;
/** Additions of other kinds, by what marks their tensors' names. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/\.lokr_/, 'LoKr'],
  [/\.hada_/, 'LoHa'],
  [/\.(?:dora_scale|lora_magnitude_vector)\b/, 'DoRA'],
  [/\.lora_mid\b/, 'LoCon'],
  [/\.oft_/, 'OFT'],
  [/\.diff(?:_b)?$/, 'a whole difference'],
];

/**
 * Pairs a file's tensors and finds the layers that they are for. Understood are the names of diffusers
 * (`transformer.layers.0.attention.to_q.lora_A.weight`), of Kohya (`lora_unet__layers_0_attention_to_q.lora_down.weight`) and of ComfyUI
 * (`diffusion_model.layers.0.attention.qkv.lora_A.weight`): all three are common among the public LoRAs of this family.
 *
 * @throws CheckpointError that names the tensor
 */
export function namedTerms(file: string, tensors: readonly StoredTensor[], shapes: LinearShapes): NamedTerm[] {
  const places = placesOf(shapes);
  const found = new Map<string, { down?: StoredTensor; up?: StoredTensor; alpha?: StoredTensor }>();
  for (const tensor of tensors) {
    if (scaledBy(tensor.name) !== null) continue; // found by the name of what it scales
    const { name, down, scaled } = PART.exec(tensor.name)?.groups ?? {};
    const owner = name ?? scaled;
    if (owner === undefined) {
      const [, kind] = OTHER_KINDS.find(([mark]) => mark.test(tensor.name)) ?? [];
      throw new CheckpointError(
        `${file}: expected low-rank factors (lora_A and lora_B, or lora_down and lora_up) but it holds "${tensor.name}"${kind === undefined ? '' : `, which is ${kind}`}.`,
      );
    }
    const term = found.get(owner) ?? {};
    const part = scaled !== undefined ? 'alpha' : down !== undefined ? 'down' : 'up';
    if (term[part] !== undefined)
      throw new CheckpointError(`${file}: "${tensor.name}" and "${term[part].name}" are the same factor.`);
    found.set(owner, { ...term, [part]: tensor });
  }
  return [...found].map(([name, { down, up, alpha = null }]) => {
    const one = down ?? up ?? alpha!;
    const modules = places.get(name.replace(COMPILED, '').replace(PREFIX, ''));
    if (modules === undefined)
      throw new CheckpointError(`${file}: "${one.name}" is for "${name}", which is no linear layer of this model.`);
    if (down === undefined || up === undefined)
      throw new CheckpointError(
        `${file}: "${one.name}" lacks its partner: expected both factors of "${name}" but only ${down === undefined ? (up === undefined ? 'alpha' : 'B') : 'A'} is there.`,
      );
    return { name, modules, down, up, alpha };
  });
}

/** Every name that a layer goes by, with dots and, as Kohya has it, with underscores. */
function placesOf(shapes: LinearShapes): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, readonly string[]>();
  for (const module of shapes.keys()) {
    for (const [name, modules] of [[module, [module]] as const, ...aliases(module)]) {
      places.set(name, modules);
      places.set(name.replaceAll('.', '_'), modules);
    }
  }
  return places;
}

/** Names of the published single-file checkpoint, which ComfyUI uses, for what diffusers calls otherwise. */
function* aliases(module: string): Generator<readonly [string, readonly string[]]> {
  const attention = module.endsWith('.to_out.0') ? module.slice(0, -'.to_out.0'.length) : null;
  if (attention !== null) {
    yield [`${attention}.out`, [module]];
    yield [`${attention}.to_out`, [module]];
    yield [`${attention}.qkv`, ['q', 'k', 'v'].map((letter) => `${attention}.to_${letter}`)];
  }
  const short = module.replace(/^all_(x_embedder|final_layer)\.2-1/, '$1');
  if (short !== module) yield [short, [module]];
}
