import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { toPixels } from '../../src/engine/image/pixels.js';
import { modelTime, sigmas } from '../../src/engine/pipelines/schedule.js';
import { textToImage } from '../../src/engine/pipelines/text-to-image.js';
import { items, type Tensor } from '../../src/engine/runtime/tensor.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { guidance, promptsOf, steps, withModel } from './overhear.js';

/** `pipeline.t2i`: from prompts and noise to decoded images, with everything in between. */
export async function textToImageCase(subject: Case, judge: Judge): Promise<void> {
  const { call, files } = subject.json;
  const each = <T>(list: readonly T[]) =>
    list.flatMap((item) => Array(call.num_images_per_prompt ?? 1).fill(item) as T[]);
  await withModel(subject, judge, async (model) => {
    const levels = sigmas(call.num_inference_steps, model.shift);
    judge.compare('dit_t', { shape: [levels.length - 1], data: levels.slice(0, -1).map(modelTime) });
    const request = {
      prompts: each(promptsOf(subject)),
      noise: judge.input('latents_init') as Tensor,
      steps: call.num_inference_steps,
      guidance: guidance(subject),
    };
    const decoded = await textToImage(model, request, steps(judge), (values) => values);
    judge.compare('decoded', decoded);
    await compareImage(subject, judge, files?.final_image, items(decoded, 0, 1));
  });
}

/** The finished image, within one of 255 levels. */
async function compareImage(subject: Case, judge: Judge, file: string | undefined, decoded: Tensor): Promise<void> {
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
