import { PATCH, paddedLength, SEQUENCE_MULTIPLE } from '../../domain/latent.js';

/** Rows and columns of tokens. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Frame, row and column. */
export type Position = readonly [number, number, number];

/** One stream of the sequence: where each token stands, and whether it is as noisy as the target. */
export interface Stream {
  readonly positions: readonly Position[];
  readonly noisy: readonly boolean[];
}

const ORIGIN: Position = [0, 0, 0];

/**
 * Where the tokens of one item stand: the segments of a prompt, with an image after each but the last. The last image is the target,
 * the others are clean. Segment j and the features of image j are as noisy as image j, and the last segment as the target.
 *
 * @param lengths tokens of each segment, one more than images (or as many, where the target is the only one)
 * @param features of each image, null for the target; null where the sequence has none
 * @see diffusers `ZImageTransformer2DModel.patchify_and_embed_omni`
 */
export function omniSequence(
  lengths: readonly number[],
  images: readonly Grid[],
  features: readonly (Grid | null)[] | null,
): { readonly captions: Stream; readonly images: Stream; readonly features: Stream } {
  const frames = framesOf(lengths);
  const target = images.length - 1;
  const flags = (j: number, count: number) => Array<boolean>(count).fill(j >= target);
  return {
    captions: {
      positions: captionPositions(lengths, frames),
      noisy: lengths.flatMap((length, j) => flags(j, paddedLength(length))),
    },
    images: {
      positions: images.flatMap((grid, j) => withPads(cells(grid, frames[j]!.end))),
      noisy: images.flatMap(({ rows, columns }, j) => flags(j, paddedLength(rows * columns))),
    },
    features: {
      positions: (features ?? []).flatMap((grid, j) =>
        grid === null ? withPads([ORIGIN]).fill(ORIGIN) : featurePositions(grid, images[j]!, frames[j]!.end + 1),
      ),
      noisy: (features ?? []).flatMap((grid, j) =>
        flags(j, grid === null ? SEQUENCE_MULTIPLE : paddedLength(grid.rows * grid.columns)),
      ),
    },
  };
}

/** Frames count on by the tokens of a segment without its padding, by one for the image after it and by one for its features. */
function framesOf(lengths: readonly number[]): readonly { readonly start: number; readonly end: number }[] {
  let next = 1;
  return lengths.map((length) => {
    const start = next;
    next = start + length + 2;
    return { start, end: start + length };
  });
}

/**
 * The reference lists a position for every padded token and then one more for every pad, and cuts the list to the tokens: from the second
 * segment on, positions are shifted against their tokens (huggingface/diffusers#13574). Weights are trained with it so.
 */
function captionPositions(
  lengths: readonly number[],
  frames: readonly { readonly start: number }[],
): readonly Position[] {
  const listed = lengths.flatMap((length, j) => {
    const tokens = Array.from({ length: paddedLength(length) }, (_, i): Position => [frames[j]!.start + i, 0, 0]);
    return [...tokens, ...Array<Position>(paddedLength(length) - length).fill(ORIGIN)];
  });
  return listed.slice(
    0,
    lengths.reduce((sum, length) => sum + paddedLength(length), 0),
  );
}

function cells({ rows, columns }: Grid, frame: number): Position[] {
  return Array.from({ length: rows * columns }, (_, i) => [frame, Math.floor(i / columns), i % columns]);
}

/** Features are spread over the image's latents, not over its tokens. */
function featurePositions(grid: Grid, image: Grid, frame: number): Position[] {
  const spread = (at: number, count: number, tokens: number) =>
    Math.trunc(Math.fround(Math.fround(at / Math.max(count - 1, 1)) * (PATCH * tokens - 1)));
  return withPads(
    cells(grid, frame).map(([, row, column]) => [
      frame,
      spread(row, grid.rows, image.rows),
      spread(column, grid.columns, image.columns),
    ]),
  );
}

function withPads(positions: readonly Position[]): Position[] {
  return [...positions, ...Array<Position>(paddedLength(positions.length) - positions.length).fill(ORIGIN)];
}
