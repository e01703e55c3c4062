import { join } from 'node:path';
import { entryFromCheckpoint } from '../../src/catalog/entry-from-checkpoint.js';
import type { Prompt } from '../../src/domain/prompt.js';
import { openTokenizer } from '../../src/engine/models/tokenizer.js';
import { ZImage } from '../../src/engine/models/z-image.js';
import type { PipelineHooks } from '../../src/engine/pipelines/progress-reporter.js';
import { PromptCache } from '../../src/engine/pipelines/prompt-cache.js';
import { Residency } from '../../src/engine/runtime/residency.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { device } from './models.js';
import { withMethods } from './with.js';

/** What a case says, in words. */
export interface Said {
  readonly prompts: readonly string[];
  /** As many as prompts. */
  readonly negativePrompts: readonly string[];
}

/** The prompts of a case. No negative prompt is the empty one, and one serves all. */
export function said({ json }: Case): Said {
  const prompts: string[] = [json.call.prompt].flat();
  const negative: string[] = [json.call.negative_prompt ?? ''].flat();
  return { prompts, negativePrompts: prompts.map((_, i) => negative[i] ?? negative[0]!) };
}

/** The same, as pipelines take them. */
export function promptsOf(subject: Case): readonly Prompt[] {
  const { prompts, negativePrompts } = said(subject);
  return prompts.map((text, i) => ({ text, negative: negativePrompts[i]! }));
}

/** The case's model, which the caller disposes of. */
export function openModel(subject: Case): Promise<ZImage> {
  const { components, editModes } = entryFromCheckpoint(subject.checkpoint);
  return ZImage.load(components, {
    ...device,
    limits: { maxSide: 1024, maxPromptTokens: maxPromptTokens(subject) },
    loras: [],
    prompts: true,
    instructions: editModes.includes('INSTRUCTION'),
    pixels: 0,
    maxBatch: Infinity,
    residency: new Residency(Infinity),
    promptCache: new PromptCache(0),
    throwIfAborted: async () => {},
  });
}

function maxPromptTokens({ json }: Case): number {
  return json.call.max_sequence_length ?? 512;
}

/** The case's model with every embedding compared on its way, and its token ids compared. Disposed of when `use` is done. */
export async function withModel(subject: Case, judge: Judge, use: (model: ZImage) => Promise<void>): Promise<void> {
  const { prompts, negativePrompts } = said(subject);
  const tokens = openTokenizer(join(subject.checkpoint, 'tokenizer'), maxPromptTokens(subject));
  const compareIds = (name: string, texts: readonly string[]) => {
    for (const [i, text] of texts.entries()) {
      const { ids } = tokens.encodePrompt(text);
      judge.compare(`${name}.${i}`, { shape: [ids.length], data: ids });
    }
  };
  compareIds('ids', prompts);
  compareIds('neg_ids', negativePrompts);

  const model = await openModel(subject);
  try {
    const heard = withMethods(model, {
      async encodePrompt(prompt: string) {
        const embedding = await model.encodePrompt(prompt);
        for (const [i, text] of prompts.entries()) if (text === prompt) judge.compare(`prompt_embeds.${i}`, embedding);
        for (const [i, text] of negativePrompts.entries())
          if (text === prompt) judge.compare(`negative_prompt_embeds.${i}`, embedding);
        return embedding;
      },
    });
    await use(heard);
  } finally {
    await model.dispose();
  }
}

/** Compares the latents after every step. */
export function steps(judge: Judge): PipelineHooks {
  return {
    stage: (_name, run) => run(),
    step: async ({ index, latents }) => judge.compare(`latents.${index}`, latents),
  };
}

/** How a case is guided. */
export function guidance({ json: { call } }: Case) {
  return {
    scale: call.guidance_scale,
    normalization: Number(call.cfg_normalization ?? 0),
    truncation: call.cfg_truncation ?? Infinity,
  };
}
