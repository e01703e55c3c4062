import { CheckpointError } from '../../checkpoint/index.js';
import type { PublishedModel } from '../../domain/published-model.js';
import type { Clock } from '../../environment/clock.js';
import type { ModelStore } from '../../stores/models/model-store.js';
import type { PromptThreads } from '../prompts/threads.js';
import type { RequestContext } from '../request/reader.js';
import type { TokenizerFolders } from './tokenizer-folders.js';

export interface PublishedModelsOptions {
  readonly models: Pick<ModelStore, 'publications'>;
  readonly tokenizers: TokenizerFolders;
  readonly prompts: Pick<PromptThreads, 'count' | 'advise'>;
  readonly clock: Clock;
  readonly log: { warn(details: object, message: string): void };
}

/** Milliseconds between two looks at what is published. */
const REFRESH_MS = 2000;

/** The models of a fleet, for a process that has no files of them: as they were published, also while no worker lives. */
export class PublishedModels {
  readonly #options: PublishedModelsOptions;
  /** The default first. */
  #models: readonly PublishedModel[] = [];
  #stop = () => {};
  #closed = false;

  private constructor(options: PublishedModelsOptions) {
    this.#options = options;
  }

  /** Reads what is published, now and again and again. @throws StorageUnavailable */
  static async open(options: PublishedModelsOptions): Promise<PublishedModels> {
    const published = new PublishedModels(options);
    await published.#read();
    published.#readLater();
    return published;
  }

  get models(): readonly PublishedModel[] {
    return this.#models;
  }

  /** Which of its tokenizers counts a model's tokens: counts by another are others. */
  tokenizerOf(id: string): string {
    return Object.values(this.#model(id).tokenizer).join(' ');
  }

  /** What it takes to read requests. */
  context(sources: RequestContext['sources']): RequestContext {
    const models = () => this.#models;
    const { prompts, tokenizers } = this.#options;
    return {
      get catalog() {
        return models().map(({ description }) => description);
      },
      // What cannot be used is not published.
      usable: { modelFinding: () => null, knownFinding: () => null, loraFinding: () => null },
      modelContent: (id) => this.#model(id).content,
      loraContent: (id, lora) => this.#model(id).loras[lora]!,
      countTokens: async (id, prompt) => {
        const { tokenizer, description } = this.#model(id);
        return prompts.count(await tokenizers.folder(tokenizer), description.limits.maxPromptTokens, prompt);
      },
      advise: (prompt, counted) => prompts.advise(prompt, counted),
      computedBy: (id) => this.#model(id).computedBy,
      regionDetector: (id) => this.#model(id).regionDetector,
      sources,
    };
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  async #read(): Promise<void> {
    const newest = new Map<string, PublishedModel>();
    for (const { model } of await this.#options.models.publications())
      if (!newest.has(model.description.id)) newest.set(model.description.id, model);
    this.#models = [...newest.values()].sort((a, b) => a.position - b.position || (idOf(a) < idOf(b) ? -1 : 1));
    // Before they are asked for: the first request need not wait, nor fail while the file store is away.
    for (const { tokenizer } of this.#models) this.#options.tokenizers.folder(tokenizer).catch(() => {});
  }

  #readLater(): void {
    if (this.#closed) return;
    this.#stop = this.#options.clock.after(REFRESH_MS, async () => {
      // What was read before holds while nothing can be read.
      await this.#read().catch((error) => this.#options.log.warn({ err: error }, 'the models were not read'));
      this.#readLater();
    });
  }

  /** One that was there a moment ago may be retired. @throws CheckpointError */
  #model(id: string): PublishedModel {
    const model = this.#models.find(({ description }) => description.id === id);
    if (model === undefined) throw new CheckpointError(`The model "${id}" is no longer published.`, 'missing');
    return model;
  }
}

const idOf = ({ description }: PublishedModel) => description.id;
