import type { Mask, Pixels } from '../../src/engine/engine.js';
import { binarised, nearestCells } from '../../src/engine/image/mask.js';
import { fromPixels } from '../../src/engine/image/pixels.js';
import type { ZImage } from '../../src/engine/models/z-image.js';
import { imageToImage } from '../../src/engine/pipelines/image-to-image.js';
import { inpaint } from '../../src/engine/pipelines/inpaint.js';
import type { PipelineHooks } from '../../src/engine/pipelines/progress-reporter.js';
import { modelTime } from '../../src/engine/pipelines/schedule.js';
import { TorchGenerator } from '../../src/engine/pipelines/torch-generator.js';
import { items, type Tensor } from '../../src/engine/runtime/tensor.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { guidance, promptsOf, steps, withModel } from './overhear.js';
import { withMethods } from './with.js';

/** `pipeline.img2img`: from an image, words and a seed to the decoded image. */
export async function imageToImageCase(subject: Case, judge: Judge): Promise<void> {
  await withModel(subject, judge, async (model) => {
    const asked = overheard(model, judge);
    judge.compare('decoded', await imageToImage(asked.model, request(subject, judge), asked.hooks, (values) => values));
    asked.finish();
  });
}

/** `pipeline.inpaint`: the same with a mask. */
export async function inpaintCase(subject: Case, judge: Judge): Promise<void> {
  const { shape, data } = judge.input('mask');
  const mask = nearestCells(binarised({ height: shape[0]!, width: shape[1]!, data } as Mask));
  judge.compareExactly('mask_latent', mask);
  await withModel(subject, judge, async (model) => {
    const asked = overheard(model, judge);
    const repaint = { ...request(subject, judge), mask };
    judge.compare('decoded', await inpaint(asked.model, repaint, asked.hooks, (values) => values));
    asked.finish();
  });
}

function request(subject: Case, judge: Judge) {
  const { call } = subject.json;
  const { shape, data } = judge.input('image');
  return {
    prompts: promptsOf(subject),
    guidance: guidance(subject),
    image: fromPixels({ height: shape[0]!, width: shape[1]!, data } as Pixels),
    noise: new TorchGenerator(call.generator_seed),
    steps: call.num_inference_steps,
    strength: call.strength,
  };
}

/** The pipeline's way compared: the image's latents, what the first step is given, the times of all, and the latents between. */
function overheard(model: ZImage, judge: Judge): { model: ZImage; hooks: PipelineHooks; finish(): void } {
  const times: number[] = [];
  const first = (x: Tensor, sigma: number) => {
    if (times.length === 0) judge.compare('latents_init', items(x, 0, 1));
    times.push(modelTime(sigma));
  };
  const between = steps(judge);
  return {
    model: withMethods(model, {
      promptPredictor(embeddings: readonly Tensor[]) {
        const predictor = model.promptPredictor(embeddings);
        return withMethods(predictor, {
          velocity(x: Tensor, sigma: number) {
            first(x, sigma);
            return predictor.velocity(x, sigma);
          },
        });
      },
    }),
    hooks: {
      ...between,
      async stage(name, run) {
        const result = await between.stage(name, run);
        if (name === 'ENCODE_IMAGE') judge.compare('image_latents', result as Tensor);
        return result;
      },
    },
    finish: () => judge.compareExactly('dit_t', { shape: [times.length], data: times }),
  };
}
