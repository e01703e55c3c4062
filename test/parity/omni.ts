import { join } from 'node:path';
import { compileOmniTransformer, compileTransformer } from '../../src/compiler/index.js';
import { openTransformer } from '../../src/engine/models/transformer.js';
import { omniSequence } from '../../src/engine/omni-sequence.js';
import { type Tensor, tensor } from '../../src/engine/tensor.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { device } from './models.js';

/** `transformer_omni`: the raw prediction for a target among clean pictures, and where every token stands. */
export async function transformerOmni({ checkpoint, json }: Case, judge: Judge): Promise<void> {
  const folder = join(checkpoint, 'transformer');
  const target = { target: device.device };
  const model = await openTransformer(compileTransformer(folder, target), device, (mode, loras) =>
    compileOmniTransformer(folder, { ...target, loras, siglip: mode === 'omni with features' }),
  );
  const items: { caps: number[]; images: [number, number][]; sigs: ([number, number] | null)[] | null }[] =
    json.call.items;
  for (const [i, { caps, images, sigs }] of items.entries()) {
    comparePositions(judge, i, caps, images, sigs);
    const segments = caps.map((_, j) => judge.input(`cap.${i}.${j}`) as Tensor);
    const latents = images.map((_, j) => still(judge.input(`x.${i}.${j}`) as Tensor));
    const pictures = latents.slice(0, -1).map((clean, j) => ({ latents: clean, seen: seen(judge, i, j) }));
    const field = model.instruct([segments], pictures);
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
  const { captions, pictures, features } = omniSequence(
    caps,
    images.map(([height, width]) => grid([height / 2, width / 2])),
    sigs?.map((size) => (size === null ? null : grid(size))) ?? null,
  );
  const streams = { cap_pos_ids: captions, x_pos_ids: pictures, sig_pos_ids: features };
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

function seen(judge: Judge, item: number, picture: number) {
  const { shape, data } = judge.input(`sig.${item}.${picture}`) as Tensor;
  const [rows, columns, channels] = shape as [number, number, number];
  return { rows, columns, features: tensor([rows * columns, channels], data) };
}
