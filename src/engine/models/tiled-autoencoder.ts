import type { CompiledGraph } from '../../compiler/index.js';
import type { Slot } from '../residency.js';
import { openSession, type SessionOptions } from '../session.js';
import { averaged, concat, type Tensor, tensor } from '../tensor.js';
import { inTiles, type Scale } from '../tiles.js';

/** As in the graph's group norms. */
const EPS = 1e-6;

/** What the group norms of all tiles go by: x·factor + offset, both [1, norms·groups, 1]. */
export interface GroupMoments {
  readonly factor: Tensor;
  readonly offset: Tensor;
}

/** One half of an autoencoder, compiled to measure the moments of its group norms. */
export interface Meter {
  measure(input: Tensor): Promise<GroupMoments>;
  dispose(): Promise<void>;
}

/** The same half, compiled to be given them. Outputs are joined along the channels, in their order. */
export interface TileCoder {
  compute(tile: Tensor, moments: GroupMoments): Promise<Tensor>;
  dispose(): Promise<void>;
}

export async function openMeter(graph: CompiledGraph, options: SessionOptions): Promise<Meter> {
  const session = await openSession(graph, options);
  const name = graph.inputs[0]!.name;
  return {
    async measure(input) {
      const { moments } = await session.run({ [name]: input });
      return normalizing(moments!.read());
    },
    dispose: () => session.dispose(),
  };
}

export async function openTileCoder(graph: CompiledGraph, options: SessionOptions): Promise<TileCoder> {
  const session = await openSession(graph, options);
  const name = graph.inputs.find(({ name }) => name !== 'factor' && name !== 'offset')!.name;
  return {
    async compute(tile, moments) {
      const outputs = await session.run({ [name]: tile, ...moments });
      const all = concat(graph.outputs.map((output) => outputs[output.name]!.read()));
      return tensor([1, all.shape[0]! * all.shape[1]!, ...all.shape.slice(2)], all.data);
    },
    dispose: () => session.dispose(),
  };
}

/** A half of an autoencoder as large pictures need it. */
export interface TiledHalf {
  readonly meter: Slot<Meter>;
  readonly coder: Slot<TileCoder>;
  readonly scale: Scale;
}

/**
 * Computes a large picture tile by tile. A group norm takes its mean and variance over the whole picture, so a tile by itself comes
 * out in other colours than its neighbours (measured: 40 dB from the untiled picture, however much they overlap). Here all tiles go by
 * the moments of the picture made small, which costs a quarter of its time or less (50 dB and more).
 *
 * @param input [1, C, h, w]
 * @param most cells of a tile
 * @param workingBytes of so many cells
 * @param pause called between tiles; may throw, and so stop
 */
export async function computeInTiles(
  { meter, coder, scale }: TiledHalf,
  input: Tensor,
  most: number,
  workingBytes: (cells: number) => number,
  pause: () => Promise<void>,
): Promise<Tensor> {
  const cells = cellsOf(input, scale);
  // Measuring takes a quarter more memory than computing.
  const small = averaged(input, Math.max(2, Math.ceil(Math.sqrt((1.25 * cells) / most))));
  const moments = await meter.use((it) => it.measure(small), 1.25 * workingBytes(cellsOf(small, scale)));
  await pause();
  return inTiles(
    input,
    scale,
    most,
    (tile) => coder.use((it) => it.compute(tile, moments), workingBytes(cellsOf(tile, scale))),
    pause,
  );
}

/** Of one item [B, C, h, w]. */
export function cellsOf({ shape }: Tensor, { input }: Scale): number {
  return (shape[2]! / input) * (shape[3]! / input);
}

/** Means and mean squares [1, K, 2] as x·factor + offset. */
function normalizing({ shape, data }: Tensor): GroupMoments {
  const count = shape[1]!;
  const factor = new Float32Array(count);
  const offset = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [mean, square] = [data[2 * i]!, data[2 * i + 1]!];
    factor[i] = 1 / Math.sqrt(Math.max(0, square - mean * mean) + EPS);
    offset[i] = -mean * factor[i]!;
  }
  return { factor: tensor([1, count, 1], factor), offset: tensor([1, count, 1], offset) };
}
