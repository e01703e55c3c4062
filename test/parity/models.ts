import { join } from 'node:path';
import {
  compileTextEncoder,
  compileTinyDecoder,
  compileTinyEncoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
} from '../../src/compiler/index.js';
import type { Pixels } from '../../src/engine/engine.js';
import { fromPixels } from '../../src/engine/image/pixels.js';
import {
  mode,
  openTinyDecoder,
  openTinyEncoder,
  openVaeDecoder,
  openVaeEncoder,
  sample,
} from '../../src/engine/models/autoencoder.js';
import { openTextEncoder } from '../../src/engine/models/text-encoder.js';
import { openTokenizer } from '../../src/engine/models/tokenizer.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { integers, openSession, type SessionOptions } from '../../src/engine/runtime/session.js';
import { concat, items, type Tensor, tensor } from '../../src/engine/runtime/tensor.js';
import type { NdArray } from './arrays.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';

export const device: SessionOptions = { device: 'cpu', threads: 2 };
const target = { target: device.device };

/** `text_encoder`: embeddings of prompts, whole and cut short, and the hidden state after every layer. */
export async function textEncoder({ checkpoint, json }: Case, judge: Judge): Promise<void> {
  const { prompts, max_sequence_length, short_max_sequence_length } = json.call;
  const whole = openTokenizer(join(checkpoint, 'tokenizer'), max_sequence_length);
  const encoder = await openTextEncoder(compileTextEncoder(join(checkpoint, 'text_encoder'), target), device);
  for (const i of (prompts as string[]).keys()) {
    const { ids } = whole.encodePrompt(prompts[i]);
    judge.compare(`ids.${i}`, { shape: [ids.length], data: ids });
    judge.compare(`prompt_embeds.${i}`, await encoder.encode([...judge.input(`ids.${i}`).data]));
  }
  if (json.tensors['short.ids'] !== undefined) {
    const short = openTokenizer(join(checkpoint, 'tokenizer'), short_max_sequence_length);
    const { ids } = short.encodePrompt(prompts.at(-1));
    judge.compare('short.ids', { shape: [ids.length], data: ids });
    judge.compare('short.prompt_embeds', await encoder.encode(ids));
  }
  await encoder.dispose();
  const folder = join(checkpoint, 'text_encoder');
  const debug = await openSession(compileTextEncoder(folder, { ...target, debug: true }), device);
  const ids = [...judge.input('ids.0').data];
  const states = await debug.run({ ids: integers([1, ids.length], ids) });
  for (const [name, state] of Object.entries(states)) judge.compare(name, state.read());
  await debug.dispose();
}

/** `transformer`: the raw prediction of a batch at several times. */
export async function transformer({ checkpoint, json }: Case, judge: Judge): Promise<void> {
  const model = await Transformer.open(compileTransformer(join(checkpoint, 'transformer'), target), device);
  const captions: Tensor[] = json.call.items.map((_: unknown, i: number) => judge.input(`cap.${i}`));
  // The reference's latents are [16, 1, h, w], one frame of video.
  const latents = captions.map((_, i) => {
    const { shape, data } = judge.input(`x.${i}`) as Tensor;
    return tensor([1, shape[0]!, shape[2]!, shape[3]!], data);
  });
  for (const group of bySize(latents)) {
    const conditioned = model.promptPredictor(group.map((i) => captions[i]!));
    for (let k = 0; k < json.call.n_t; k++) {
      const times = judge.input(`t.${k}`).data;
      const output = await conditioned.predict(
        concat(group.map((i) => latents[i]!)),
        group.map((i) => times[i]!),
      );
      for (const [row, i] of group.entries()) judge.compare(`out.${k}.${i}`, items(output, row, row + 1));
    }
    conditioned.release();
  }
  await model.dispose();
  if (json.tensors['debug.t_emb'] !== undefined) await between(checkpoint, judge, captions[0]!, latents[0]!);
}

/** What the transformer's modules give, at the first time. */
async function between(checkpoint: string, judge: Judge, caption: Tensor, latents: Tensor): Promise<void> {
  const { prepare, step } = compileTransformer(join(checkpoint, 'transformer'), { ...target, debug: true });
  const sessions = { prepare: await openSession(prepare, device), step: await openSession(step, device) };
  const [length, width] = caption.shape as [number, number];
  const prepared = await sessions.prepare.run({
    caption: tensor([1, length, width], caption.data),
    caption_lengths: integers([1], [length]),
    latent_size: integers([2], latents.shape.slice(2)),
  });
  const asked = new Set(step.inputs.map(({ name }) => name));
  const shared = Object.fromEntries(Object.entries(prepared).filter(([name]) => asked.has(name)));
  const stepped = await sessions.step.run({ latents, tau: judge.input('t.0') as Tensor, ...shared });
  for (const [name, value] of [...Object.entries(prepared), ...Object.entries(stepped)])
    if (judge.knows(`debug.${name}`)) judge.compare(`debug.${name}`, value.read());
  await sessions.prepare.dispose();
  await sessions.step.dispose();
}

/** Items that can be computed in one call, because their latents have one size. */
function bySize(latents: readonly Tensor[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [i, { shape }] of latents.entries()) {
    const size = shape.join('×');
    groups.set(size, [...(groups.get(size) ?? []), i]);
  }
  return [...groups.values()];
}

/** `vae`: image to latents and back. */
export async function vae({ checkpoint, json }: Case, judge: Judge): Promise<void> {
  const folder = join(checkpoint, 'vae');
  const compiled = compileVaeEncoder(folder, target);
  const scale = compiled.config;
  const encoder = await openVaeEncoder(compiled, device);
  const decoder = await openVaeDecoder(compileVaeDecoder(folder, target), device);
  for (const i of json.call.sizes_hw.keys()) {
    const posterior = await encoder.encode(image(judge.input(`image.${i}`)));
    judge.compare(`mean.${i}`, posterior.mean);
    judge.compare(`logvar.${i}`, posterior.logvar);
    judge.compare(`latent.${i}`, mode(posterior, scale));
    judge.compare(`sample.${i}`, sample(posterior, judge.input(`eps.${i}`) as Tensor, scale));
    judge.compare(`decoded.${i}`, await decoder.decode(judge.input(`z.${i}`) as Tensor));
  }
  await encoder.dispose();
  await decoder.dispose();
}

/** `taef1`: the same through the tiny autoencoder. */
export async function taef1({ checkpoint, json }: Case, judge: Judge): Promise<void> {
  const encoder = await openTinyEncoder(compileTinyEncoder(checkpoint, target), device);
  const decoder = await openTinyDecoder(compileTinyDecoder(checkpoint, target), device);
  for (const i of json.call.sizes_hw.keys()) {
    judge.compare(`latents.${i}`, await encoder.encode(image(judge.input(`image.${i}`))));
    judge.compare(`decoded.${i}`, await decoder.decode(judge.input(`z.${i}`) as Tensor));
  }
  await encoder.dispose();
  await decoder.dispose();
}

/** 8-bit [H, W, 3] to [1, 3, H, W] of −1 … 1. */
export function image({ shape, data }: NdArray): Tensor {
  return fromPixels({ height: shape[0]!, width: shape[1]!, data } as Pixels);
}
