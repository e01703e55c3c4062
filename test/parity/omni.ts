import { join } from 'node:path';
import { compileImageEncoder, compileOmniTransformer, compileTransformer } from '../../src/compiler/index.js';
import type { Pixels } from '../../src/engine/engine.js';
import { instructionSegments } from '../../src/engine/models/chat-template.js';
import { inPatches } from '../../src/engine/models/image-encoder.js';
import type { ConditionImage } from '../../src/engine/models/omni.js';
import { omniSequence } from '../../src/engine/models/omni-sequence.js';
import type { ReferenceConditioning } from '../../src/engine/models/reference-conditioning.js';
import { openTokenizer } from '../../src/engine/models/tokenizer.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { imageAfterInstruction } from '../../src/engine/pipelines/instruction-edit.js';
import { modelTime, sigmas } from '../../src/engine/pipelines/schedule.js';
import { type Tensor, tensor } from '../../src/engine/runtime/tensor.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { device } from './models.js';
import { guidance, openModel, promptsOf, said, steps } from './overhear.js';
import { withMethods } from './with.js';

/** `transformer_omni`: the raw prediction for a target among clean images, and where every token stands. */
export async function transformerOmni({ checkpoint, json }: Case, judge: Judge): Promise<void> {
  const folder = join(checkpoint, 'transformer');
  const target = { target: device.device };
  const model = await Transformer.open(compileTransformer(folder, target), device, (mode, loras) =>
    compileOmniTransformer(folder, { ...target, loras, siglip: mode === 'omni with features' }),
  );
  const items: { caps: number[]; images: [number, number][]; sigs: ([number, number] | null)[] | null }[] =
    json.call.items;
  for (const [i, { caps, images, sigs }] of items.entries()) {
    comparePositions(judge, i, caps, images, sigs);
    const segments = caps.map((_, j) => judge.input(`cap.${i}.${j}`) as Tensor);
    const latents = images.map((_, j) => still(judge.input(`x.${i}.${j}`) as Tensor));
    const shown = latents.slice(0, -1).map((clean, j) => ({ latents: clean, vision: vision(judge, i, j) }));
    const field = model.referencePredictor([segments], shown);
    for (let k = 0; judge.knows(`t.${k}`); k++)
      judge.compare(`out.${k}.${i}`, await field.predict(latents.at(-1)!, [judge.input(`t.${k}`).data[i]!]));
    field.release();
  }
  await model.dispose();
}

function comparePositions(
  judge: Judge,
  item: number,
  caps: readonly number[],
  images: readonly [number, number][],
  sigs: readonly ([number, number] | null)[] | null,
): void {
  const grid = ([rows, columns]: readonly [number, number]) => ({ rows, columns });
  const {
    captions,
    images: imageTokens,
    features,
  } = omniSequence(
    caps,
    images.map(([height, width]) => grid([height / 2, width / 2])),
    sigs?.map((size) => (size === null ? null : grid(size))) ?? null,
  );
  const streams = { cap_pos_ids: captions, x_pos_ids: imageTokens, sig_pos_ids: features };
  for (const [name, { positions }] of Object.entries(streams))
    if (judge.knows(`${name}.${item}`))
      judge.compareExactly(`${name}.${item}`, { shape: [positions.length, 3], data: positions.flat() });
  const noisy = Object.values(streams).flatMap((stream) => stream.noisy.map(Number));
  judge.compareExactly(`noise_flags.${item}`, { shape: [noisy.length], data: noisy });
}

/** The reference's latents are [16, 1, h, w], one frame of video. */
function still({ shape, data }: Tensor): Tensor {
  return tensor([1, shape[0]!, shape[2]!, shape[3]!], data);
}

function vision(judge: Judge, item: number, image: number) {
  const { shape, data } = judge.input(`sig.${item}.${image}`) as Tensor;
  const [rows, columns, channels] = shape as [number, number, number];
  return { rows, columns, features: tensor([rows * columns, channels], data) };
}

/** `pipeline.omni`: from images, words and noise to the decoded image, with everything in between. */
export async function instructionCase(subject: Case, judge: Judge): Promise<void> {
  const { call } = subject.json;
  const images = Array.from({ length: call.n_condition_images }, (_, i) => image(judge, i));
  comparePatches(subject, judge, images);
  const model = await openModel(subject);
  try {
    const levels = sigmas(call.num_inference_steps, model.shift);
    judge.compareExactly('dit_t', { shape: [levels.length - 1], data: levels.slice(0, -1).map(modelTime) });
    const request = {
      prompts: promptsOf(subject),
      guidance: guidance(subject),
      images: images,
      noise: judge.input('latents_init') as Tensor,
      steps: call.num_inference_steps,
    };
    const referenceConditioning = overheard(subject, judge, model.referenceConditioning!);
    const heard = withMethods(model, { referenceConditioning });
    const decoded = await imageAfterInstruction(heard, request, steps(judge), (values) => values);
    judge.compare('decoded', decoded);
  } finally {
    await model.dispose();
  }
}

/** Segments and images compared on their way. */
function overheard(subject: Case, judge: Judge, conditioning: ReferenceConditioning): ReferenceConditioning {
  const { call } = subject.json;
  const { prompts, negativePrompts } = said(subject);
  const { encode } = openTokenizer(join(subject.checkpoint, 'tokenizer'));
  const turns = [
    { text: prompts[0]!, expected: call.prompt_segments, ids: 'ids', embeds: 'prompt_embeds' },
    { text: negativePrompts[0]!, expected: call.negative_segments, ids: 'neg_ids', embeds: 'negative_prompt_embeds' },
  ].map((turn) => ({ ...turn, segments: instructionSegments(turn.text, call.n_condition_images) }));
  for (const { segments, expected, ids } of turns)
    for (const [i, segment] of segments.entries()) {
      if (expected === null) continue;
      if (segment !== expected[i]) throw new Error(`Expected the segment ${expected[i]} but received ${segment}.`);
      const found = encode(segment);
      judge.compare(`${ids}.${i}`, { shape: [found.length], data: found });
    }
  return {
    ...conditioning,
    async encodeSegment(text) {
      const embedding = await conditioning.encodeSegment(text);
      for (const { segments, embeds } of turns)
        for (const [i, segment] of segments.entries()) if (segment === text) judge.compare(`${embeds}.${i}`, embedding);
      return embedding;
    },
    referencePredictor(segments, images) {
      compareReferences(judge, images);
      return conditioning.referencePredictor(segments, images);
    },
  };
}

function compareReferences(judge: Judge, shown: readonly ConditionImage[]): void {
  for (const [i, { latents, vision }] of shown.entries()) {
    judge.compare(`cond_latents.${i}`, latents);
    const { rows, columns, features } = vision!;
    judge.compare(`siglip.${i}`, { shape: [rows, columns, features.shape[1]!], data: features.data });
  }
}

/** The image encoder's patches; the reference pads them with zeros to a fixed number. */
function comparePatches({ checkpoint }: Case, judge: Judge, images: readonly Pixels[]): void {
  const { config } = compileImageEncoder(join(checkpoint, 'siglip'), { target: device.device });
  for (const [i, whole] of images.entries()) {
    const { rows, columns, patches } = inPatches(whole, config);
    judge.compareExactly(`spatial_shapes.${i}`, { shape: [2], data: [rows, columns] });
    if (!judge.knows(`pixel_values.${i}`)) continue;
    const { shape } = judge.input(`pixel_values.${i}`);
    const padded = new Float32Array(shape[0]! * shape[1]!);
    padded.set(patches.data);
    judge.compareExactly(`pixel_values.${i}`, { shape, data: padded });
  }
}

function image(judge: Judge, i: number): Pixels {
  const { shape, data } = judge.input(`image.${i}`);
  return { height: shape[0]!, width: shape[1]!, data: data as Uint8Array };
}
