import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/engine/engine.js';
import { openFaceDetector } from '../../src/engine/image/faces.js';
import { temporaryFolder } from './checkpoints.js';
import { engineWith } from './engines.js';
import { detector } from './face-detector.js';
import { differing, image, refineJob, within } from './images.js';

const of = (colour: readonly number[]): Pixels => image(96, 64, () => colour);
const red = of([255, 0, 0]);

describe('a face detector', () => {
  it('finds faces, with hair and chin, and nothing where there is none', async () => {
    const faces = await openFaceDetector(detector(), 1);
    // 24 × 24 pixels at (24, 16), and an eighth of that on every side.
    expect(await faces.find(red)).toEqual([{ x: 21, y: 13, width: 30, height: 30 }]);
    expect(await faces.find(of([90, 0, 0]))).toEqual([]);
    await faces.dispose();
  });

  it('gives a refinement its regions, in an image that has no texture', async () => {
    const engine = engineWith({ faceDetector: detector() });
    const options = { signal: new AbortController().signal, deadlineMs: 60_000, onEvent: () => {} };
    const { images, regions } = await engine.run({ ...refineJob, source: red }, options);
    expect(regions).toEqual([{ x: 21, y: 13, width: 30, height: 30 }]);
    expect(differing(red, images[0]!, (x, y) => !within(regions[0]!, x, y))).toBe(0);
    expect(differing(red, images[0]!)).toBeGreaterThan(600);
    expect((await engine.run({ ...refineJob, source: of([0, 0, 90]) }, options)).regions).toEqual([]);
  });

  it.each([
    [
      'that is no model',
      () => join(import.meta.dirname, 'faces.test.ts'),
      /^Expected FACE_DETECTOR to be an ONNX model/,
    ],
    [
      'that is not there',
      () => join(temporaryFolder(), 'none.onnx'),
      /^Expected FACE_DETECTOR to be an ONNX model.*none\.onnx/,
    ],
    [
      'with another input',
      () => detector({ input: 'image' }),
      /input \[1, 3, H, W\].*received image \[1, 3, 16, 16\] of float32/,
    ],
    ['of no size', () => detector({ side: 'height' }), /H and W as numbers.*received input \[1, 3, height, 16\]/],
  ])('%s is refused with what was expected, when the engine starts', async (_what, file, sentence) => {
    const path = file();
    await expect(openFaceDetector(path, 1)).rejects.toThrow(sentence);
    await expect(engineWith({ faceDetector: path }).ready()).rejects.toThrow(sentence);
  });
});
