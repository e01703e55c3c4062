import {
  compileTextEncoder,
  compileTinyDecoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
  describeCheckpoint,
} from '../../compiler/index.js';
import type { ComponentFolders } from '../catalog.js';
import type { Residency, Resident, Slot } from '../residency.js';
import type { SessionOptions } from '../session.js';
import {
  type Decoder,
  type LatentScale,
  openTinyDecoder,
  openVaeDecoder,
  openVaeEncoder,
  type VaeEncoder,
} from './autoencoder.js';
import { openTextEncoder, type TextEncoder } from './text-encoder.js';
import { openTransformer, type Transformer } from './transformer.js';

/** What a Z-Image model is made of. Each is checked here and opened when it is used; models of the same folders share them. */
export interface Components {
  readonly textEncoder: Slot<TextEncoder>;
  readonly transformer: Slot<Transformer>;
  readonly decoder: Slot<Decoder>;
  readonly encoder: Slot<VaeEncoder>;
  readonly tinyDecoder: Slot<Decoder> | null;
  readonly latentScale: LatentScale;
}

/** @throws CheckpointError where a tensor is missing or has the wrong shape */
export function zImageComponents(
  folders: ComponentFolders,
  residency: Residency,
  { device, threads }: SessionOptions,
): Components {
  const target = { target: device };
  const options = { device, threads };
  const slot = <T extends Resident>(name: string, folder: string, open: () => Promise<T>, difference?: string | null) =>
    residency.slot({
      key: [`${name} of ${folder}`, ...(difference ? [difference] : [])].join(' with '),
      name,
      bytes: describeCheckpoint(folder, difference).bytes,
      open,
    });

  const textEncoder = compileTextEncoder(folders.textEncoder, target);
  const { difference } = folders;
  const transformer = compileTransformer(folders.transformer, { ...target, difference });
  const decoder = compileVaeDecoder(folders.vae, target);
  const encoder = compileVaeEncoder(folders.vae, target);
  const { preview } = folders;
  const tinyDecoder = preview === null ? null : compileTinyDecoder(preview, target);
  return {
    textEncoder: slot('the text encoder', folders.textEncoder, () => openTextEncoder(textEncoder, options)),
    transformer: slot('the transformer', folders.transformer, () => openTransformer(transformer, options), difference),
    decoder: slot('the decoder', folders.vae, () => openVaeDecoder(decoder, options)),
    encoder: slot('the encoder', folders.vae, () => openVaeEncoder(encoder, options)),
    tinyDecoder:
      tinyDecoder === null ? null : slot('the preview', preview!, () => openTinyDecoder(tinyDecoder, options)),
    latentScale: decoder.config,
  };
}
