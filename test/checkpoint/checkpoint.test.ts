import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/checkpoint/formats/safetensors.js';
import { CheckpointError, describeComponent, readSchedulerConfig } from '../../src/checkpoint/index.js';
import {
  compileTextEncoder,
  compileTinyDecoder,
  compileTransformer,
  compileVaeDecoder,
} from '../../src/compiler/index.js';
import { temporaryFolder, writeJson, writeTensors } from '../compiler/files.js';
import { fixtures, run, text } from '../compiler/run.js';

const target = { target: 'cpu' } as const;
const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');

/** By the names of component folders. */
const compilers: Readonly<Record<string, (folder: string, options: { target: 'cpu' }) => unknown>> = {
  transformer: compileTransformer,
  text_encoder: compileTextEncoder,
  vae: compileVaeDecoder,
  'taef1-tiny': compileTinyDecoder,
};

/** A copy of a component folder that may be spoilt. */
function copyOf(component: string): string {
  const folder = join(temporaryFolder(), component);
  mkdirSync(folder, { recursive: true });
  for (const name of ['config.json', 'model.safetensors', 'diffusion_pytorch_model.safetensors']) {
    const from = join(existsSync(join(tiny, component)) ? join(tiny, component) : join(tiny, '..', component), name);
    if (existsSync(from)) copyFileSync(from, join(folder, name));
  }
  return folder;
}

/** Rewrites a JSON file with some fields changed. */
function change(file: string, fields: object): void {
  writeJson(file, { ...JSON.parse(readFileSync(file, 'utf8')), ...fields });
}

/** The text encoder's tensors with some taken out or given another shape, in a file without data. */
function rewriteTensors(
  folder: string,
  file: string,
  edit: (name: string, shape: readonly number[]) => readonly number[] | null,
): void {
  const path = join(folder, file);
  const entries = readHeader(path).flatMap(({ name, type, shape }) => {
    const edited = edit(name, shape);
    return edited === null ? [] : [[name, { type, shape: edited }] as const];
  });
  rmSync(path);
  writeTensors(path, Object.fromEntries(entries));
}

function complaint(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
  throw new Error('Nothing was refused.');
}

describe('a checkpoint folder', () => {
  it('of shards computes what one file computes', async () => {
    const folder = copyOf('text_encoder');
    const whole = await run(compileTextEncoder(folder, target), text);
    split(folder, 'model.safetensors', 3);
    const sharded = await run(compileTextEncoder(folder, target), text);
    expect(sharded.embeds!.data).toEqual(whole.embeds!.data);
  });

  it('may be made of links that lead elsewhere, as in a Hugging Face cache', async () => {
    const real = copyOf('text_encoder');
    split(real, 'model.safetensors', 2);
    const cache = temporaryFolder();
    const snapshot = join(cache, 'snapshots', 'abc', 'text_encoder');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(cache, 'blobs'));
    for (const name of ['config.json', 'model.safetensors.index.json', 'model-1.safetensors', 'model-2.safetensors']) {
      const blob = join(cache, 'blobs', `blob-${name.length}-${name.replace(/\W/g, '')}`);
      linkSync(join(real, name), blob);
      symlinkSync(join('..', '..', '..', 'blobs', blob.split('/').at(-1)!), join(snapshot, name));
    }
    const graph = compileTextEncoder(snapshot, target);
    expect(graph.weightsFolder.endsWith(join('', 'blobs'))).toBe(true);
    const linked = await run(graph, text);
    expect(linked.embeds!.data).toEqual((await run(compileTextEncoder(real, target), text)).embeds!.data);
  });

  it('needs no tensor of the text encoder’s last layer, its final norm or its head', async () => {
    const folder = copyOf('text_encoder');
    rewriteTensors(folder, 'model.safetensors', (name, shape) =>
      /layers\.2\.|model\.norm|lm_head/.test(name) ? null : shape,
    );
    expect(() => compileTextEncoder(folder, target)).not.toThrow();
  });

  it.each<[string, object]>([
    ['null', { rope_scaling: null }],
    ['a record of the default kind', { rope_scaling: { rope_type: 'default' } }],
    ['that under its former name', { rope_scaling: { type: 'default' } }],
    ['nothing but its base', { rope_theta: undefined, rope_parameters: { rope_theta: 1e6, rope_type: 'default' } }],
  ])('scales no positions where its configuration says so by %s', (_what, fields) => {
    const folder = copyOf('text_encoder');
    const before = compileTextEncoder(folder, target);
    change(join(folder, 'config.json'), fields);
    expect(Buffer.compare(compileTextEncoder(folder, target).model, before.model)).toBe(0);
  });

  it('may hold tensors that no graph needs, of any type', () => {
    const folder = copyOf('transformer');
    const path = join(folder, 'diffusion_pytorch_model.safetensors');
    const bytes = readFileSync(path);
    const before = compileTransformer(folder, target).step.inputs;
    const tensors = readHeader(path).map(({ name, type, shape, offset, length }) => {
      return [name, { type, shape, data: bytes.subarray(offset, offset + length) }] as const;
    });
    const unneeded = Object.fromEntries(
      ['BOOL', 'I64', 'F8_E8M0', 'I16', 'F4_E2M1'].map((type) => [`of.${type}`, { type, shape: [3] }]),
    );
    rmSync(path);
    writeTensors(path, { ...unneeded, ...Object.fromEntries(tensors) });
    expect(compileTransformer(folder, target).step.inputs).toEqual(before);
    expect(describeComponent(folder).types).toContain('BOOL');
  });

  it('tells what it holds', () => {
    expect(describeComponent(join(tiny, 'vae'))).toMatchObject({ tensors: expect.any(Number), types: ['F32'] });
  });
});

describe('a checkpoint that cannot be used is refused in one sentence that names', () => {
  it('the tensor that is missing', () => {
    const folder = copyOf('transformer');
    const file = 'diffusion_pytorch_model.safetensors';
    rewriteTensors(folder, file, (name, shape) => (name === 'layers.1.attention.to_q.weight' ? null : shape));
    const message = complaint(() => compileTransformer(folder, target));
    expect(message).toContain(folder);
    expect(message).toContain('layers.1.attention.to_q.weight');
    expect(message).toContain('[48, 48]');
    expect(message.split('\n')).toHaveLength(1);
  });

  it('the tensor whose shape is wrong, with both shapes', () => {
    const folder = copyOf('transformer');
    const file = 'diffusion_pytorch_model.safetensors';
    rewriteTensors(folder, file, (name, shape) => (name === 'layers.0.feed_forward.w2.weight' ? [48, 64] : shape));
    const message = complaint(() => compileTransformer(folder, target));
    for (const part of [file, 'layers.0.feed_forward.w2.weight', '[48, 128]', '[48, 64]'])
      expect(message).toContain(part);
  });

  it('the shard that is not there', () => {
    const folder = copyOf('text_encoder');
    split(folder, 'model.safetensors', 2);
    rmSync(join(folder, 'model-2.safetensors'));
    expect(complaint(() => describeComponent(folder))).toContain('model-2.safetensors');
  });

  it('the tensor that the index promises in vain', () => {
    const folder = copyOf('text_encoder');
    split(folder, 'model.safetensors', 2);
    const index = join(folder, 'model.safetensors.index.json');
    const { weight_map } = JSON.parse(readFileSync(index, 'utf8'));
    change(index, { weight_map: { ...weight_map, ghost: 'model-1.safetensors' } });
    expect(complaint(() => describeComponent(folder))).toContain('"ghost"');
  });

  it('the file that was cut off while it was copied', () => {
    const folder = copyOf('vae');
    const file = join(folder, 'diffusion_pytorch_model.safetensors');
    truncateSync(file, 300_000);
    expect(complaint(() => compileVaeDecoder(folder, target))).toContain(file);
  });

  it('the 8-bit weight without its scale', () => {
    const folder = copyOf('transformer');
    const path = join(folder, 'diffusion_pytorch_model.safetensors');
    const tensors = readHeader(path).map(({ name, type, shape }) => {
      return [name, { type: name === 'layers.0.attention.to_q.weight' ? ('I8' as const) : type, shape }] as const;
    });
    rmSync(path);
    writeTensors(path, Object.fromEntries(tensors));
    expect(complaint(() => compileTransformer(folder, target))).toContain('layers.0.attention.to_q.weight_scale');
  });

  it.each([
    ['a marker that all have one', {}, { scaled_fp8: { type: 'F8_E4M3', shape: [0] } as const }, 'to_q.weight_scale'],
    [
      'scales of blocks that do not cover it',
      { 'layers.0.attention.to_q.weight_scale': { type: 'F32', shape: [7, 5] } as const },
      {},
      '[7, 5]',
    ],
  ])('the 8-bit float without its scale, or with %s', (_what, scales, marker, part) => {
    const folder = copyOf('transformer');
    const path = join(folder, 'diffusion_pytorch_model.safetensors');
    const tensors = readHeader(path).map(({ name, type, shape }) => {
      return [name, { type: name === 'layers.0.attention.to_q.weight' ? ('F8_E5M2' as const) : type, shape }] as const;
    });
    rmSync(path);
    writeTensors(path, { ...Object.fromEntries(tensors), ...scales, ...marker });
    expect(complaint(() => compileTransformer(folder, target))).toContain(part);
  });

  it('the weight of a type that none has, with the types that it may have', () => {
    const folder = copyOf('transformer');
    const path = join(folder, 'diffusion_pytorch_model.safetensors');
    const tensors = readHeader(path).map(({ name, type, shape }) => {
      return [name, { type: name === 'layers.0.attention.to_q.weight' ? 'BOOL' : type, shape }] as const;
    });
    rmSync(path);
    writeTensors(path, Object.fromEntries(tensors));
    expect(complaint(() => compileTransformer(folder, target))).toMatch(
      /"layers\.0\.attention\.to_q\.weight" to be one of F32, F16, BF16, I8, F8_E4M3, F8_E5M2 but it is BOOL\.$/,
    );
  });

  it('the folder that is empty', () => {
    expect(complaint(() => describeComponent(temporaryFolder()))).toContain('config.json');
  });

  it.each([
    ['transformer', { _class_name: 'FluxTransformer2DModel' }, '_class_name'],
    ['transformer', { qk_norm: false }, 'qk_norm'],
    ['transformer', { axes_dims: [4, 6, 8] }, 'axes_dims'],
    ['transformer', { dim: '48' }, 'dim'],
    ['transformer', { n_kv_heads: 1 }, 'n_kv_heads'],
    ['text_encoder', { hidden_act: 'gelu' }, 'hidden_act'],
    ['text_encoder', { model_type: 'llama' }, 'model_type'],
    ['text_encoder', { num_hidden_layers: 0 }, 'num_hidden_layers'],
    ['vae', { act_fn: 'relu' }, 'act_fn'],
    ['vae', { _class_name: 'AutoencoderDC' }, '_class_name'],
    ['transformer', { axes_lens: [1e12, 512, 512] }, 'axes_lens'],
    ['transformer', { axes_dims: [5, 5, 6] }, 'axes_dims'],
    ['transformer', { rope_theta: 0 }, 'rope_theta'],
    ['transformer', { t_scale: -1000 }, 't_scale'],
    ['text_encoder', { num_key_value_heads: 3 }, 'num_key_value_heads'],
    ['text_encoder', { head_dim: 15 }, 'head_dim'],
    ['text_encoder', { rms_norm_eps: -1 }, 'rms_norm_eps'],
    ['text_encoder', { use_sliding_window: true }, 'use_sliding_window'],
    ['text_encoder', { rope_parameters: { rope_type: 'yarn', rope_theta: 1e6 } }, 'rope_type'],
    ['text_encoder', { rope_parameters: 'default' }, 'rope_parameters'],
    ['text_encoder', { rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_type'],
    ['text_encoder', { layer_types: ['sliding_attention'] }, 'layer_types'],
    ['vae', { norm_num_groups: 5 }, 'norm_num_groups'],
    ['vae', { scaling_factor: 0 }, 'scaling_factor'],
    ['vae', { latents_mean: [0.1] }, 'latents_mean'],
    ['vae', { block_out_channels: [16, 24] }, 'block_out_channels'],
    ['taef1-tiny', { num_decoder_blocks: [1] }, 'num_decoder_blocks'],
    ['taef1-tiny', { latent_magnitude: 0 }, 'latent_magnitude'],
  ])('what nobody knows to build: %s with %o', (component, fields, field) => {
    const folder = copyOf(component);
    change(join(folder, 'config.json'), fields);
    const compile = compilers[component]!;
    const message = complaint(() => compile(folder, target));
    expect(message).toContain(join(folder, 'config.json'));
    expect(message).toContain(`"${field}"`);
  });

  it.each([
    ['null', /expected a JSON object but it is null/],
    ['[]', /expected a JSON object but it is \[\]/],
    ['"x"', /expected a JSON object/],
    ['{"dim": NaN}', /could not be read/],
  ])('a configuration that is %s', (text, expected) => {
    for (const [component, compile] of Object.entries(compilers)) {
      const folder = copyOf(component);
      writeFileSync(join(folder, 'config.json'), text);
      const message = complaint(() => compile(folder, target));
      expect(message).toContain(join(folder, 'config.json'));
      expect(message).toMatch(expected);
    }
  });

  it('a number that is none', () => {
    const folder = copyOf('text_encoder');
    const file = join(folder, 'config.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"rope_theta": 1000000', '"rope_theta": 1e999'));
    expect(complaint(() => compileTextEncoder(folder, target))).toContain(
      '"rope_theta" to be a number but it is Infinity',
    );
  });

  it('the link that leads nowhere', () => {
    const folder = copyOf('vae');
    const file = join(folder, 'diffusion_pytorch_model.safetensors');
    rmSync(file);
    symlinkSync('../blobs/gone', file);
    expect(complaint(() => compileVaeDecoder(folder, target))).toBe(
      `${file} is a link to ../blobs/gone, which is not there.`,
    );
  });

  it('the index that names no files', () => {
    const folder = copyOf('text_encoder');
    const index = join(folder, 'model.safetensors.index.json');
    for (const map of [5, null, ['a'], { 'model.norm.weight': 7 }]) {
      writeJson(index, { weight_map: map });
      expect(complaint(() => describeComponent(folder))).toContain(index);
    }
  });

  it('a schedule that bends in another way', () => {
    const folder = temporaryFolder();
    copyFileSync(join(tiny, 'scheduler', 'scheduler_config.json'), join(folder, 'scheduler_config.json'));
    expect(readSchedulerConfig(folder)).toEqual({ shift: 3, numTrainTimesteps: 1000 });
    const file = join(folder, 'scheduler_config.json');
    const sound = JSON.parse(readFileSync(file, 'utf8'));
    for (const [field, value] of Object.entries({
      ...{ use_dynamic_shifting: true, use_karras_sigmas: true, stochastic_sampling: true, invert_sigmas: true },
      ...{ shift_terminal: 0.02, num_train_timesteps: 500, shift: -3 },
    })) {
      writeJson(file, { ...sound, [field]: value });
      expect(complaint(() => readSchedulerConfig(folder))).toContain(`"${field}"`);
    }
  });
});

/** Deals the tensors of a file out to several, with an index beside them. */
function split(folder: string, file: string, parts: number): void {
  const path = join(folder, file);
  const all = readFileSync(path);
  const tensors = readHeader(path);
  const stem = file.replace('.safetensors', '');
  const shardOf = (i: number) => `${stem}-${(i % parts) + 1}.safetensors`;
  for (let part = 0; part < parts; part++) {
    const mine = tensors.filter((_, i) => i % parts === part);
    const entries = mine.map(({ name, type, shape, offset, length }) => {
      return [name, { type, shape, data: all.subarray(offset, offset + length) }] as const;
    });
    writeTensors(join(folder, shardOf(part)), Object.fromEntries(entries));
  }
  const map = Object.fromEntries(tensors.map(({ name }, i) => [name, shardOf(i)]));
  writeJson(join(folder, `${file}.index.json`), { weight_map: map });
  rmSync(path);
}
