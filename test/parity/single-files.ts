import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readRows } from '../../src/checkpoint/convert.js';
import { type Component, open, type Part } from '../../src/checkpoint/index.js';
import { configBeside } from '../../src/checkpoint/layouts/single/part.js';
import {
  compileTextEncoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
} from '../../src/compiler/index.js';
import { mode, openVaeDecoder, openVaeEncoder } from '../../src/engine/models/autoencoder.js';
import { openTextEncoder } from '../../src/engine/models/text-encoder.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { concat, items, type Tensor, tensor } from '../../src/engine/runtime/tensor.js';
import type { Case } from './case.js';
import type { Judge } from './judge.js';
import { device, image } from './models.js';

const target = { target: device.device };

/** `transformer_file`: the raw prediction of a single file's transformer, each item by itself. */
export function transformerFile(subject: Case, judge: Judge): Promise<void> {
  return withFile(subject, 'transformer', subject.json.checkpoint, async (file) => {
    const model = await Transformer.open(compileTransformer(file, target), device);
    for (const i of subject.json.call.items.keys()) {
      const { shape, data } = judge.input(`x.${i}`) as Tensor;
      const latents = tensor([1, shape[0]!, shape[2]!, shape[3]!], data);
      const predictor = model.promptPredictor([judge.input(`cap.${i}`) as Tensor]);
      judge.compare(`out.${i}`, await predictor.predict(latents, [...judge.input(`t.${i}`).data]));
      predictor.release();
    }
    await model.dispose();
    const component = open(file);
    for (const name of Object.keys(subject.json.tensors).filter((array) => array.startsWith('dequantised.')))
      judge.compareExactly(
        name,
        // The case holds the first rows.
        items(dequantised(component, name.slice('dequantised.'.length)), 0, subject.json.tensors[name].shape[0]),
      );
  });
}

/** A weight by its name in the file, where query, key and value are one. */
function dequantised(component: Component, name: string): Tensor {
  const names = name.includes('.qkv.')
    ? ['q', 'k', 'v'].map((letter) => name.replace('.qkv.', `.to_${letter}.`))
    : [name];
  const tensors = names.map((one) => component.tensors.get(one)!);
  return concat(
    tensors.map((stored) => {
      const rows = [...readRows(component, stored)].flatMap(({ values }) => [...values]);
      return tensor(stored.shape, Float32Array.from(rows));
    }),
  );
}

/** `text_encoder_file`: embeddings by a single file, whose configuration is worked out from its shapes. */
export function textEncoderFile(subject: Case, judge: Judge): Promise<void> {
  return withFile(subject, 'text encoder', null, async (file) => {
    const encoder = await openTextEncoder(compileTextEncoder(file, target), device);
    for (const i of subject.json.call.prompts.keys())
      judge.compare(`prompt_embeds.${i}`, await encoder.encode([...judge.input(`ids.${i}`).data]));
    await encoder.dispose();
  });
}

/** `vae_file`: image to latents and back through a single file. */
export function vaeFile(subject: Case, judge: Judge): Promise<void> {
  return withFile(subject, 'autoencoder', subject.json.checkpoint, async (file) => {
    const compiled = compileVaeEncoder(file, target);
    const encoder = await openVaeEncoder(compiled, device);
    const decoder = await openVaeDecoder(compileVaeDecoder(file, target), device);
    for (let i = 0; judge.knows(`mean.${i}`); i++) {
      const posterior = await encoder.encode(image(judge.input(`image.${i}`)));
      judge.compare(`mean.${i}`, posterior.mean);
      judge.compare(`logvar.${i}`, posterior.logvar);
      if (judge.knows(`latent.${i}`)) judge.compare(`latent.${i}`, mode(posterior, compiled.config));
      judge.compare(`decoded.${i}`, await decoder.decode(judge.input(`z.${i}`) as Tensor));
    }
    await encoder.dispose();
    await decoder.dispose();
  });
}

/** The case's file, with a configuration beside it where shapes do not tell one of so small a model. */
async function withFile(
  { root, json }: Case,
  part: Part,
  checkpoint: string | null,
  use: (file: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'single-'));
  try {
    const file = join(folder, basename(json.files.weights));
    copyFileSync(join(root, json.files.weights), file);
    const config = checkpoint === null ? null : join(root, checkpoint, 'config.json');
    if (config !== null && existsSync(config)) copyFileSync(config, configBeside(file, part));
    await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
