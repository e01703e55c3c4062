import { PATCH, paddedLength } from '../../domain/latent.js';
import { type Integers, integers, type Output } from '../runtime/session.js';
import { type Tensor, tensor } from '../runtime/tensor.js';
import type { VisionFeatures } from './image-encoder.js';
import type { LowRankInputs } from './loras.js';
import type { GroupPredictor } from './noise-predictor.js';
import { type Grid, omniSequence, type Stream } from './omni-sequence.js';
import type { TransformerSessions } from './transformer-sessions.js';

/** Embeddings [L, D] of a prompt's segments, one more than images before the target. */
export type Segments = readonly Tensor[];

/** A clean image that the target is made after. */
export interface ConditionImage {
  /** [1, 16, h, w]. */
  readonly latents: Tensor;
  /** The image encoder's features; null without one. Either all images have them or none. */
  readonly vision: VisionFeatures | null;
}

/** Items whose segments are padded to the same lengths. */
export class OmniGroup implements GroupPredictor {
  readonly #sessions: TransformerSessions;
  readonly #prompts: readonly Segments[];
  readonly #images: readonly ConditionImage[];
  readonly #changes: LowRankInputs;
  /** What `prepare` gave, which every step is given. */
  #prepared: Readonly<Record<string, Output>> | null = null;

  constructor(
    sessions: TransformerSessions,
    prompts: readonly Segments[],
    images: readonly ConditionImage[],
    changes: LowRankInputs,
  ) {
    this.#sessions = sessions;
    this.#prompts = prompts;
    this.#images = images;
    this.#changes = changes;
  }

  async predict(latents: Tensor, times: readonly number[]): Promise<Tensor> {
    const hasFeatures = this.#images.some(({ vision }) => vision !== null);
    const graphs = await this.#sessions.of(hasFeatures ? 'omni with features' : 'omni', this.#changes);
    this.#prepared ??= await graphs.run(
      'prepare',
      {
        ...captions(this.#prompts),
        ...conditions(this.#images, latents.shape[1]!),
        ...sequence(this.#prompts, this.#images, gridOf(latents)),
      },
      this.#changes,
    );
    const tau = tensor([times.length], Float32Array.from(times));
    const { output } = await graphs.run('step', { latents, tau, ...this.#prepared }, this.#changes);
    return output!.read();
  }

  release(): void {
    for (const output of Object.values(this.#prepared ?? {})) output.dispose();
    this.#prepared = null;
  }
}

type Inputs = Readonly<Record<string, Tensor | Integers>>;

/** The images as the graph takes them: padded patches and, where an image encoder saw them, padded features. */
function conditions(images: readonly ConditionImage[], channels: number): Inputs {
  const all = inRows(
    images.map(({ latents }) => patches(latents)),
    PATCH * PATCH * channels,
  );
  const latents = { conditions: all.rows, conditions_real: all.real };
  const vision = images.flatMap((image) => (image.vision === null ? [] : [shuffled(image.vision.features)]));
  const [first] = vision;
  if (first === undefined) return latents;
  // The target has none, and in their place a block of padding.
  const nothing = tensor([0, first.shape[1]!], new Float32Array(0));
  const features = inRows([...vision, nothing], first.shape[1]!, 1);
  return { ...latents, siglip: features.rows, siglip_real: features.real };
}

function captions(prompts: readonly Segments[]): Inputs {
  const each = prompts.map((segments) => inRows(segments, segments[0]!.shape[1]!));
  const [length, width] = each[0]!.rows.shape as [number, number];
  const whole = new Float32Array(each.length * length * width);
  for (const [i, { rows }] of each.entries()) whole.set(rows.data, i * rows.data.length);
  const real = each.flatMap((item) => [...item.real.data].map(Number));
  return {
    caption: tensor([each.length, length, width], whole),
    caption_real: integers([each.length, length], real),
  };
}

/** Where every token of every item stands, and which are noisy. */
function sequence(prompts: readonly Segments[], images: readonly ConditionImage[], target: Grid): Inputs {
  const grids = [...images.map(({ latents }) => gridOf(latents)), target];
  const features = images.some(({ vision }) => vision !== null) ? [...images.map(({ vision }) => vision), null] : null;
  const streams = prompts.map((segments) => {
    const lengths = segments.map(({ shape }) => shape[0]!);
    const streams = omniSequence(lengths, grids, features);
    return [streams.captions, streams.images, streams.features];
  });
  const positions = streams.flatMap((item) => item.flatMap((stream: Stream) => stream.positions));
  const noisy = streams[0]!.flatMap((stream) => stream.noisy);
  return {
    positions: integers([prompts.length, noisy.length, 3], positions.flat()),
    noisy: integers([noisy.length], noisy.map(Number)),
  };
}

function gridOf({ shape }: Tensor): Grid {
  return { rows: shape[2]! / PATCH, columns: shape[3]! / PATCH };
}

/**
 * Parts [N, C] one after another, each padded with zeros to a multiple of 32 rows, and 1 for every row that is no padding.
 *
 * @param least rows that a part is padded to at least
 */
function inRows(
  parts: readonly Tensor[],
  width: number,
  least = 0,
): { readonly rows: Tensor; readonly real: Integers } {
  const spaces = parts.map(({ shape }) => paddedLength(Math.max(least, shape[0]!)));
  const total = spaces.reduce((sum, space) => sum + space, 0);
  const data = new Float32Array(total * width);
  const real = new Array<number>(total).fill(0);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    data.set(part.data, at * width);
    real.fill(1, at, at + part.shape[0]!);
    at += spaces[i]!;
  }
  return { rows: tensor([total, width], data), real: integers([total], real) };
}

/** Latents [1, C, h, w] as patches of 2 × 2, [T, 4·C]: row by row, and within a patch (row, column, channel). */
function patches({ shape, data }: Tensor): Tensor {
  const [, channels, height, width] = shape as [number, number, number, number];
  const [rows, columns] = [height / PATCH, width / PATCH];
  const out = new Float32Array(data.length);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let y = PATCH * row; y < PATCH * (row + 1); y++)
        for (let x = PATCH * column; x < PATCH * (column + 1); x++)
          for (let channel = 0; channel < channels; channel++) out[at++] = data[(channel * height + y) * width + x]!;
  return tensor([rows * columns, PATCH * PATCH * channels], out);
}

/** Features [N, C] as the reference hands them on: channels first, and then cut into rows again. Weights are trained with it so. */
function shuffled({ shape, data }: Tensor): Tensor {
  const [count, channels] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < count; i++) for (let c = 0; c < channels; c++) out[c * count + i] = data[i * channels + c]!;
  return tensor(shape, out);
}
