import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelEntry } from './catalog.js';

/** Something that takes memory until it is disposed of. */
export interface Resident {
  dispose(): Promise<void>;
}

/** The models in memory. Before one more is loaded, those used longest ago leave until it fits the budget. */
export class Residency<Model extends Resident> {
  /** In order of use, the latest last. */
  readonly #models = new Map<string, { model: Model; bytes: number }>();
  readonly #budgetBytes: number;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** Catalog ids, most recently used first. */
  get ids(): readonly string[] {
    return [...this.#models.keys()].reverse();
  }

  /** The model where it is in memory; it then counts as just used. */
  use(id: string): Model | null {
    const resident = this.#models.get(id);
    if (resident === undefined) return null;
    this.#models.delete(id);
    this.#models.set(id, resident);
    return resident.model;
  }

  /** Makes room and loads. A model larger than the whole budget is loaded too, alone. */
  async add(entry: ModelEntry, load: () => Promise<Model>): Promise<Model> {
    const bytes = weightBytes(entry);
    for (const [id, resident] of this.#models) {
      if (this.#used() + bytes <= this.#budgetBytes) break;
      this.#models.delete(id);
      await resident.model.dispose();
    }
    const before = process.memoryUsage.rss();
    const model = await load();
    // Compact weights are wider in memory than on disk, and on a GPU they do not show here: whichever is more.
    const taken = process.memoryUsage.rss() - before;
    this.#models.set(entry.id, { model, bytes: Math.max(bytes, taken) });
    return model;
  }

  #used(): number {
    return [...this.#models.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** What a model's weight files hold, once for a folder that serves two components. */
export function weightBytes({ components }: ModelEntry): number {
  const { transformer, textEncoder, vae, preview } = components;
  const folders = new Set([transformer, textEncoder, vae, ...(preview === null ? [] : [preview])]);
  let sum = 0;
  for (const folder of folders)
    for (const name of readdirSync(folder)) if (name.endsWith('.safetensors')) sum += statSync(join(folder, name)).size;
  return sum;
}
