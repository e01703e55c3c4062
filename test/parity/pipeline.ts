import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { entryFromCheckpoint } from '../../src/engine/checkpoint.js';
import { loadZImage, type ZImage } from '../../src/engine/models/z-image.js';
import { toPixels } from '../../src/engine/picture.js';
import { Residency } from '../../src/engine/residency.js';
import { modelTime, sigmas } from '../../src/engine/schedule.js';
import { items, type Tensor } from '../../src/engine/tensor.js';
import { textToImage } from '../../src/engine/text-to-image.js';
import { openTokenizer } from '../../src/engine/tokenizer.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { device } from './models.js';

/** `pipeline.t2i`: from prompts and noise to decoded pictures, with everything in between. */
export async function textToImageCase(subject: Case, judge: Judge): Promise<void> {
  const { call, files } = subject.json;
  const maxPromptTokens: number = call.max_sequence_length ?? 512;
  const { components } = entryFromCheckpoint(subject.checkpoint);
  const each = <T>(list: readonly T[]) =>
    list.flatMap((item) => Array(call.num_images_per_prompt ?? 1).fill(item) as T[]);
  const prompts: string[] = [call.prompt].flat();
  // No negative prompt is the empty one, and one serves all.
  const negative = [call.negative_prompt ?? ''].flat() as string[];
  const negativePrompts = prompts.map((_, i) => negative[i] ?? negative[0]!);

  const tokens = openTokenizer(components.tokenizer, maxPromptTokens);
  const compareIds = (name: string, texts: readonly string[]) => {
    for (const [i, text] of texts.entries()) {
      const { ids } = tokens.encodePrompt(text);
      judge.compare(`${name}.${i}`, { shape: [ids.length], data: ids });
    }
  };
  compareIds('ids', prompts);
  compareIds('neg_ids', negativePrompts);

  const model = await loadZImage(components, {
    ...device,
    maxPromptTokens,
    residency: new Residency(Infinity),
    pause: async () => {},
  });
  const overheard = overhear(model, judge, prompts, negativePrompts);
  const levels = sigmas(call.num_inference_steps, model.shift);
  judge.compare('dit_t', { shape: [levels.length - 1], data: levels.slice(0, -1).map(modelTime) });
  try {
    const decoded = await textToImage(
      overheard,
      {
        prompts: each(prompts),
        negativePrompts: each(negativePrompts),
        noise: judge.input('latents_init') as Tensor,
        steps: call.num_inference_steps,
        guidance: {
          scale: call.guidance_scale,
          normalization: Number(call.cfg_normalization),
          truncation: call.cfg_truncation ?? Infinity,
        },
      },
      {
        stage: (_name, run) => run(),
        step: async ({ index, latents }) => judge.compare(`latents.${index}`, latents),
      },
      (values) => values,
    );
    judge.compare('decoded', decoded);
    await comparePicture(subject, judge, files?.final_image, items(decoded, 0, 1));
  } finally {
    await model.dispose();
  }
}

/** The model, with every embedding compared on its way. */
function overhear(model: ZImage, judge: Judge, prompts: readonly string[], negative: readonly string[]): ZImage {
  return {
    ...model,
    async encodePrompt(prompt) {
      const embedding = await model.encodePrompt(prompt);
      for (const [i, text] of prompts.entries()) if (text === prompt) judge.compare(`prompt_embeds.${i}`, embedding);
      for (const [i, text] of negative.entries())
        if (text === prompt) judge.compare(`negative_prompt_embeds.${i}`, embedding);
      return embedding;
    },
  };
}

/** The finished picture, within one of 255 levels. */
async function comparePicture(subject: Case, judge: Judge, file: string | undefined, decoded: Tensor): Promise<void> {
  if (file === undefined || !existsSync(join(subject.root, file))) return;
  const { data, info } = await sharp(join(subject.root, file))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = toPixels(decoded);
  judge.comparePixels(
    file,
    { shape: [info.height, info.width, 3], data },
    { shape: [pixels.height, pixels.width, 3], data: pixels.data },
  );
}
