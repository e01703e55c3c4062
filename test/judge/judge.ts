import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pixels } from '../../src/engine/job.js';
import { openSession } from '../../src/engine/session.js';
import type { Tensor } from '../../src/engine/tensor.js';
import type { Seen } from './verdict.js';

export const judgeFolder = join(import.meta.dirname, '../../infra/inkling/judge');

interface JudgeFile {
  readonly outputs: { readonly objects: { readonly threshold: number } };
  readonly thirds: readonly [number, number];
  readonly nouns: readonly string[];
  readonly backgrounds: readonly string[];
  readonly styles: readonly string[];
}

export interface Judge {
  readonly thirds: readonly [number, number];
  look(picture: Pixels): Promise<Seen>;
}

/** The judge of infra/inkling/judge: trained on true scenes, never on generated pictures. */
export async function openJudge(): Promise<Judge> {
  const file = JSON.parse(readFileSync(join(judgeFolder, 'judge.json'), 'utf8')) as JudgeFile;
  const model = readFileSync(join(judgeFolder, 'judge.onnx'));
  const graph = { name: 'judge', model, weightsFolder: judgeFolder, inputs: [], outputs: [] };
  const session = await openSession(graph, { device: 'cpu', threads: 2 });
  return {
    thirds: file.thirds,
    async look(picture) {
      const { objects, background, style } = await session.run({ image: asTensor(picture) });
      return {
        objects: readObjects(objects!.read(), file),
        background: file.backgrounds[highest(background!.read())]!,
        style: file.styles[highest(style!.read())]!,
      };
    },
  };
}

/** 8-bit RGB → [1, 3, H, W] of −1 … 1. */
function asTensor({ width, height, data }: Pixels): Tensor {
  const area = width * height;
  const values = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) values[channel * area + i] = data[3 * i + channel]! / 127.5 - 1;
  }
  return { shape: [1, 3, height, width], data: values };
}

/** Peaks of the heat map [1, nouns, rows, columns], best first. */
function readObjects({ shape, data }: Tensor, { nouns, outputs }: JudgeFile): Seen['objects'] {
  const [, , rows, columns] = shape as [number, number, number, number];
  return [...data.entries()]
    .filter(([, score]) => score >= outputs.objects.threshold)
    .map(([index, score]) => ({
      noun: nouns[Math.floor(index / (rows * columns))]!,
      x: ((index % columns) + 0.5) / columns,
      y: ((Math.floor(index / columns) % rows) + 0.5) / rows,
      score,
    }))
    .sort((a, b) => b.score - a.score);
}

function highest({ data }: Tensor): number {
  return data.reduce((best, value, i) => (value > data[best]! ? i : best), 0);
}
