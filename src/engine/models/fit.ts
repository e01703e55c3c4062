import { CheckpointError } from '../../checkpoint/index.js';
import type {
  ImageEncoderConfig,
  TextEncoderConfig,
  TinyAutoencoderConfig,
  TransformerConfig,
  VaeConfig,
} from '../../compiler/index.js';
import { LATENT_CHANNELS, paddedLength, TOKEN_SIDE } from '../../domain/latent.js';
import type { ComponentLocations, ModelEntry } from '../../domain/model-entry.js';

/** What the parts of a model say of themselves. */
export interface Parts {
  readonly tokenizer: { readonly vocabulary: number };
  readonly textEncoder: { readonly config: TextEncoderConfig };
  readonly transformer: { readonly config: TransformerConfig };
  readonly decoder: { readonly config: VaeConfig };
  readonly tinyDecoder: { readonly config: TinyAutoencoderConfig } | null;
  readonly imageEncoder: { readonly config: ImageEncoderConfig } | null;
}

/**
 * Checks that the parts of a model fit each other and the model's limits: folders of several checkpoints are easily mixed.
 *
 * @throws CheckpointError that names folder and field
 */
export function requireFit(
  folders: ComponentLocations,
  { tokenizer, textEncoder, transformer, decoder, tinyDecoder, imageEncoder }: Parts,
  { maxSide, maxPromptTokens }: Pick<ModelEntry['limits'], 'maxSide' | 'maxPromptTokens'>,
): void {
  const { captionDim, channels, siglipDim, axes } = transformer.config;
  const equal = (folder: string, field: string, value: number, expected: number, why: string) => {
    if (value !== expected) throw mismatch(folder, field, `${expected}, ${why},`, value);
  };
  const { hidden, vocabulary } = textEncoder.config;
  equal(folders.transformer, 'cap_feat_dim', captionDim, hidden, `the width of ${folders.textEncoder}`);
  equal(folders.transformer, 'in_channels', channels, LATENT_CHANNELS, 'the channels of this family');
  equal(folders.vae, 'latent_channels', decoder.config.latentChannels, channels, `as ${folders.transformer} has`);
  if (tinyDecoder !== null)
    equal(folders.preview!, 'latent_channels', tinyDecoder.config.latentChannels, channels, `as ${folders.vae} has`);
  if (imageEncoder !== null)
    equal(folders.imageEncoder!, 'hidden_size', imageEncoder.config.hidden, siglipDim!, 'what the transformer takes');
  if (tokenizer.vocabulary > vocabulary)
    throw mismatch(folders.tokenizer, 'tokenizer.json', `for a vocabulary of ${vocabulary}`, tokenizer.vocabulary);

  // The frame after the caption is the image's; frames, rows and columns are counted from 0.
  const frames = paddedLength(maxPromptTokens) + 2;
  const needed = [frames, Math.ceil(maxSide / TOKEN_SIDE), Math.ceil(maxSide / TOKEN_SIDE)];
  const lengths = axes.map(({ length }) => length);
  if (lengths.some((length, i) => length < needed[i]!))
    throw mismatch(
      folders.transformer,
      'axes_lens',
      `at least [${needed.join(', ')}], for prompts of ${maxPromptTokens} tokens and sides of ${maxSide} pixels,`,
      `[${lengths.join(', ')}]`,
    );
}

function mismatch(folder: string, field: string, expected: string, received: number | string): CheckpointError {
  return new CheckpointError(`${folder}: expected "${field}" to be ${expected} but it is ${received}.`);
}
