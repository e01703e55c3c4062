import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Pixels } from '../../src/engine/engine.js';
import { openSession } from '../../src/engine/runtime/session.js';
import type { Tensor } from '../../src/engine/runtime/tensor.js';
import { type JudgeFile, outputs, read, type Seen, type Sight } from './sight.js';

export const judgeFolder = join(import.meta.dirname, '../../infra/inkling/judge');

export interface Judge {
  readonly file: JudgeFile;
  look(image: Pixels): Promise<Seen>;
}

/** The judge of infra/inkling/judge, or another export of it: trained on true scenes, never on generated images. */
export async function openJudge(folder = judgeFolder): Promise<Judge> {
  const file = JSON.parse(readFileSync(join(folder, 'judge.json'), 'utf8')) as JudgeFile;
  const model = readFileSync(join(folder, 'judge.onnx'));
  const session = await openSession({ name: 'judge', model, weightsFolder: folder }, { device: 'cpu', threads: 2 });
  return {
    file,
    async look(image) {
      const seen = await session.run({ image: asTensor(image) });
      const sight = Object.fromEntries(outputs.map((name) => [name, seen[name]!.read()])) as unknown as Sight;
      return read(sight, file);
    },
  };
}

/** The rows of a file of the judge's: prompts, signs, edits, refinements, which are drawn and compressed, or the hand-written natural. */
export function readRows<Row>(name: string): Row[] {
  const plain = join(judgeFolder, `${name}.jsonl`);
  const text = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  const lines = text.toString('utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Row);
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
