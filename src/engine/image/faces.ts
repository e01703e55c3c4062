import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { contentVersion } from '../../checkpoint/index.js';
import type { Pixels, Region } from '../engine.js';
import { openSession, type Port, type Session } from '../runtime/session.js';
import { elements, type Tensor } from '../runtime/tensor.js';
import { clipped, grown } from './boxes.js';

// The format is UltraFace's, as `version-RFB-320.onnx` of the ONNX model zoo has it:
//   input  [1, 3, H, W]  RGB, (value − 127) / 128, the image stretched to W × H
//   scores [1, N, 2]     not a face, a face: 0 … 1
//   boxes  [1, N, 4]     left, top, right, bottom, as shares of the image's sides
// Source: https://github.com/onnx/models/tree/main/validated/vision/body_analysis/ultraface

/** From this score on a candidate is a face, as the zoo's own example has it. */
const LEAST_SCORE = 0.7;
/** A refinement needs hair and chin as well: so much of the box's longer side is added on every side. */
const MARGIN = 1 / 8;

/** Finds faces in an image. */
export interface FaceDetector {
  /** Of its file when it was read. */
  readonly version: string;
  /** A box around each face, some overlapping, in the order of their scores. */
  find(image: Pixels): Promise<readonly Region[]>;
  dispose(): Promise<void>;
}

/**
 * Loads a face detector in UltraFace's format, on the CPU.
 *
 * @throws FaceDetectorError when the file cannot be read, is no ONNX model, or has other inputs and outputs
 */
export async function openFaceDetector(file: string, threads: number): Promise<FaceDetector> {
  const version = contentVersion([file]);
  const session = await open(file, threads);
  try {
    const [height, width] = inputSize(file, session);
    return {
      version,
      async find(image) {
        const { scores, boxes } = await session.run({ input: stretched(image, width, height) });
        return faces(scores!.read(), boxes!.read(), image);
      },
      dispose: () => session.dispose(),
    };
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

/** A face detector's file cannot be used. The message says what was expected of it. */
export class FaceDetectorError extends Error {
  override readonly name = 'FaceDetectorError';
}

async function open(file: string, threads: number): Promise<Session> {
  try {
    const graph = { name: basename(file), model: readFileSync(file), weightsFolder: dirname(file) };
    return await openSession(graph, { device: 'cpu', threads });
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw new FaceDetectorError(`Expected FACE_DETECTOR to be an ONNX model but received ${file}: ${line}`, {
      cause: error,
    });
  }
}

/** Height and width of the image that the detector takes, where all else is as the format says. */
function inputSize(file: string, { inputs, outputs }: Session): readonly [number, number] {
  const expected = 'input [1, 3, H, W], scores [1, N, 2] and boxes [1, N, 4], all float32';
  const shaped = (ports: readonly Port[], name: string, shape: readonly (number | null)[]) => {
    const port = ports.find((candidate) => candidate.name === name);
    const fits = (size: number | null, i: number) =>
      size === null || typeof port!.shape[i] === 'string' || port!.shape[i] === size;
    return port?.type === 'float32' && port.shape.length === shape.length && shape.every(fits) ? port : null;
  };
  const input = shaped(inputs, 'input', [1, 3, null, null]);
  const agrees =
    inputs.length === 1 && shaped(outputs, 'scores', [1, null, 2]) && shaped(outputs, 'boxes', [1, null, 4]);
  const [, , height, width] = input?.shape ?? [];
  if (agrees && typeof height === 'number' && typeof width === 'number') return [height, width];
  const received = [...inputs, ...outputs].map(({ name, type, shape }) => `${name} [${shape.join(', ')}] of ${type}`);
  throw new FaceDetectorError(
    `Expected FACE_DETECTOR to have ${expected}, with H and W as numbers, but received ${received.join(', ')} in ${file}.`,
  );
}

function faces(scores: Tensor, boxes: Tensor, image: Pixels): readonly Region[] {
  const candidates = Array.from({ length: elements(scores.shape) / 2 }, (_, i) => ({
    score: scores.data[2 * i + 1]!,
    corners: [...boxes.data.subarray(4 * i, 4 * i + 4)],
  }));
  return candidates
    .filter(({ score, corners }) => score >= LEAST_SCORE && corners.every(Number.isFinite))
    .sort((a, b) => b.score - a.score)
    .map(({ corners }) => boxAround(corners, image))
    .filter(({ width, height }) => width > 0 && height > 0);
}

function boxAround(corners: readonly number[], image: Pixels): Region {
  const [left, right] = [corners[0]!, corners[2]!].map((share) => Math.round(share * image.width)) as [number, number];
  const [top, bottom] = [corners[1]!, corners[3]!].map((share) => Math.round(share * image.height)) as [number, number];
  const box = clipped({ x: left, y: top, width: right - left, height: bottom - top }, image);
  if (box.width <= 0 || box.height <= 0) return box;
  return grown(box, Math.round(MARGIN * Math.max(box.width, box.height)), image);
}

/** The image in another size, between its pixels by their distance, as [1, 3, height, width] of about −1 … 1. */
function stretched({ width: w, height: h, data }: Pixels, width: number, height: number): Tensor {
  const values = new Float32Array(3 * width * height);
  const place = (i: number, to: number, from: number) => {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    return [Math.floor(at), Math.min(from - 1, Math.floor(at) + 1), at % 1] as const;
  };
  for (let y = 0; y < height; y++) {
    const [y0, y1, fy] = place(y, height, h);
    for (let x = 0; x < width; x++) {
      const [x0, x1, fx] = place(x, width, w);
      for (let c = 0; c < 3; c++) {
        const row = (py: number) => (1 - fx) * data[3 * (py * w + x0) + c]! + fx * data[3 * (py * w + x1) + c]!;
        values[(c * height + y) * width + x] = ((1 - fy) * row(y0) + fy * row(y1) - 127) / 128;
      }
    }
  }
  return { shape: [1, 3, height, width], data: values };
}
