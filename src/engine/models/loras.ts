import { LRUCache } from 'lru-cache';
import { CheckpointError, contentVersion, type Fault, type LinearShapes, readFactors } from '../../checkpoint/index.js';
import { linearShapes } from '../../compiler/index.js';
import type { LoraEntry } from '../../domain/model-entry.js';
import type { AppliedLora } from '../engine.js';
import { FilesChanged } from '../problems.js';
import { type Tensor, tensor } from '../runtime/tensor.js';

/** A LoRA cannot be added to a model. The message names the LoRA, what was expected and what was received, and no path. */
export class LoraError extends Error {
  override readonly name = 'LoraError';

  constructor(
    message: string,
    readonly fault: Fault = 'unsuitable',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What is added to a transformer's linear layers, by the names of its graphs' inputs: `<layer>.lora_A` and `<layer>.lora_B`. */
export type LowRankInputs = Readonly<Record<string, Tensor>>;

/** Factors of one layer: A [r, in] and B [out, r] with the file's own scale in it. */
interface Factors {
  readonly rank: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
}
type FactorsByLayer = ReadonlyMap<string, Factors>;

/** Rank 32 on every layer of the published transformer takes some 370 MiB; what is larger is read again each time. */
const CACHE_BYTES = 512 * 2 ** 20;
const read = new LRUCache<string, FactorsByLayer>({ maxSize: CACHE_BYTES, sizeCalculation: bytesOf });

/** The LoRAs that a model lists, and the layers that they may change. */
export class Loras {
  readonly #entries: ReadonlyMap<string, LoraEntry>;
  /** Of the transformer, whose layers they are read for. */
  readonly #layersOf: string;
  #known: LinearShapes | null = null;

  /** @param transformer its folder */
  constructor(
    entries: readonly LoraEntry[],
    readonly transformer: string,
  ) {
    this.#layersOf = contentVersion([transformer]);
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
  }

  get #layers(): LinearShapes {
    this.#known ??= linearShapes(this.transformer);
    return this.#known;
  }

  /**
   * All of them together as one low-rank term a layer: their ranks side by side, their weights inside B. Empty when nothing is added.
   *
   * @param versions of their files, by id, where others must not be read
   * @throws LoraError, FilesChanged
   */
  inputs(applied: readonly AppliedLora[], versions: Readonly<Record<string, string>> = {}): LowRankInputs {
    const terms = applied
      .map(({ id, weight }) => ({ weight, factors: this.#factors(id, versions[id]) }))
      .filter(({ weight }) => weight !== 0);
    const changed = new Set(terms.flatMap(({ factors }) => [...factors.keys()]));
    return Object.fromEntries([...changed].flatMap((layer) => this.#inputsOf(layer, terms)));
  }

  #inputsOf(layer: string, terms: readonly { weight: number; factors: FactorsByLayer }[]): [string, Tensor][] {
    const [out, width] = this.#layers.get(layer)!;
    const parts = terms.flatMap(({ weight, factors }) => {
      const own = factors.get(layer);
      return own === undefined ? [] : [{ ...own, weight }];
    });
    const total = parts.reduce((sum, { rank }) => sum + rank, 0);
    const down = new Float32Array(total * width);
    const up = new Float32Array(out * total);
    let before = 0;
    for (const { rank, a, b, weight } of parts) {
      down.set(a, before * width);
      for (let row = 0; row < out; row++)
        for (let r = 0; r < rank; r++) up[row * total + before + r] = weight * b[row * rank + r]!;
      before += rank;
    }
    return [
      [`${layer}.lora_A`, tensor([total, width], down)],
      [`${layer}.lora_B`, tensor([out, total], up)],
    ];
  }

  #factors(id: string, wanted: string | undefined): FactorsByLayer {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      const known = [...this.#entries.keys()].join(', ') || 'none';
      throw new LoraError(`Expected a LoRA that the model lists (${known}) but received "${id}".`);
    }
    const version = contentVersion([entry.file]);
    const key = `${this.#layersOf} ${version}`;
    const changed = () => (wanted ?? version) !== version || contentVersion([entry.file]) !== version;
    const factors = read.get(key) ?? readLora(entry, this.#layers, changed);
    // What was read is that version only if the file still is.
    if (changed()) throw new FilesChanged(`The LoRA "${id}"`);
    read.set(key, factors);
    return factors;
  }
}

/** @param changed whether the file is another by now, so that what is wrong with it says nothing */
function readLora({ id, file }: LoraEntry, layers: LinearShapes, changed: () => boolean): FactorsByLayer {
  try {
    return readFactors(file, layers, `The LoRA "${id}"`);
  } catch (error) {
    if (changed()) throw new FilesChanged(`The LoRA "${id}"`);
    if (error instanceof CheckpointError) throw new LoraError(error.message, error.fault, { cause: error });
    throw error;
  }
}

function bytesOf(factors: FactorsByLayer): number {
  return [...factors.values()].reduce((sum, { a, b }) => sum + a.byteLength + b.byteLength, 1);
}
