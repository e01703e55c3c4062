import { join } from 'node:path';
import type { Clock } from '../environment/clock.js';
import { memoizedTokenCounts } from '../generation/prompts/memoized-token-counts.js';
import { PromptThreads } from '../generation/prompts/threads.js';
import { PublishedModels } from '../generation/published/published-models.js';
import { TokenizerFolders } from '../generation/published/tokenizer-folders.js';
import type { RequestContext } from '../generation/request/reader.js';
import type { Stores } from './stores.js';

export interface OpenPublishedOptions {
  readonly stores: Pick<Stores, 'models' | 'files' | 'inputs'>;
  /** Where tokenizers are kept, below `tokenizers`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: { warn(details: object, message: string): void };
  /** What reads prompts; left out, threads of its own. */
  readonly prompts?: Pick<PromptThreads, 'count' | 'advise' | 'close'>;
}

/** What a process without model files needs of models: all that is published of them. */
export interface Published {
  readonly requestContext: RequestContext;
  readonly models: PublishedModels['models'];
  close(): Promise<void>;
}

/** @throws StorageUnavailable */
export async function openPublished(options: OpenPublishedOptions): Promise<Published> {
  const { stores, folder, clock, log, prompts = new PromptThreads() } = options;
  try {
    const tokenizers = new TokenizerFolders(join(folder, 'tokenizers'), stores.files);
    const published = await PublishedModels.open({ models: stores.models, tokenizers, prompts, clock, log });
    const context = published.context(stores.inputs);
    const countTokens = memoizedTokenCounts(context.countTokens, (id) => published.tokenizerOf(id));
    return {
      // Its catalog changes with every publication.
      requestContext: Object.defineProperty(context, 'countTokens', { value: countTokens }),
      get models() {
        return published.models;
      },
      async close() {
        published.close();
        await prompts.close();
      },
    };
  } catch (error) {
    await prompts.close();
    throw error;
  }
}
