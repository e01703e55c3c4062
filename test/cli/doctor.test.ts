import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diffusers, factorsOf, tensorsOf } from '../checkpoint/lora-files.js';
import { writeTensors } from '../compiler/files.js';
import { Weights } from '../engine/checkpoints.js';
import { runProgram } from '../program.js';

const root = join(import.meta.dirname, '..', '..');
const tiny = join(root, 'test', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo');
const work = mkdtempSync(join(tmpdir(), 'inkstone-doctor-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const doctor = (env: Readonly<Record<string, string>>) => runProgram(['doctor'], { env });

let copies = 0;
/** A copy of a checkpoint that may be spoilt. */
function copy(): string {
  const folder = join(work, `copy-${copies++}`);
  cpSync(tiny, folder, { recursive: true });
  return folder;
}

function change(file: string, fields: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...fields }));
}

function without(file: string, tensor: string): void {
  const weights = new Weights(file);
  weights.remove(tensor);
  weights.save();
}

const alone = (checkpoint: string) => ({ MODELS_CATALOG: join(work, 'none.json'), CHECKPOINTS: checkpoint });

describe('the doctor', () => {
  it('finds a sound checkpoint whole, and ends with 0', async () => {
    const { code, out, err } = await doctor(alone(tiny));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Device {4}cpu: .+\.$/m);
    expect(out).toMatch(/^Model {5}tiny-turbo \(tiny-turbo\) is whole: \d+\.\d MiB of weights in F32/m);
  });

  it('tells the same as JSON', async () => {
    const { code, out } = await runProgram(['doctor', '--json'], { env: alone(tiny) });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      device: { device: 'cpu', problem: null },
      models: [{ id: 'tiny-turbo', problems: [], bytes: expect.any(Number), types: ['F32'] }],
      next: [],
    });
    const short = await runProgram(['doctor', '--json'], { env: { ...alone(tiny), ENGINE_MEMORY: '1000' } });
    expect(short.code).toBe(1);
    expect(JSON.parse(short.out)).toMatchObject({
      models: [{ problems: [expect.stringContaining('ENGINE_MEMORY')], bytes: null }],
      next: ['mend or remove tiny-turbo'],
    });
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a tokenizer that is none',
      (folder) => writeFileSync(join(folder, 'tokenizer/tokenizer.json'), '{}'),
      /tokenizer\.json/,
    ],
    [
      'a tokenizer of more words than the encoder has',
      (folder) => {
        const file = join(folder, 'tokenizer/tokenizer.json');
        const { added_tokens: added } = JSON.parse(readFileSync(file, 'utf8'));
        change(file, { added_tokens: [...added, { ...added[0], id: 5000, content: '<|far|>' }] });
      },
      /tokenizer: expected "tokenizer\.json" to be for a vocabulary of 768 but it is 5001/,
    ],
    [
      'a schedule that shifts with the size',
      (folder) => change(join(folder, 'scheduler/scheduler_config.json'), { use_dynamic_shifting: true }),
      /scheduler_config\.json: expected "use_dynamic_shifting"/,
    ],
    [
      'an encoder that lacks a tensor',
      (folder) => without(join(folder, 'vae/diffusion_pytorch_model.safetensors'), 'encoder.conv_out.bias'),
      /no tensor "encoder\.conv_out\.bias" of \[32\]/,
    ],
    [
      'a transformer for fewer positions than its images have',
      (folder) => change(join(folder, 'transformer/config.json'), { axes_lens: [1536, 64, 512] }),
      /expected "axes_lens" to be at least \[514, 128, 128\].* but it is \[1536, 64, 512\]/,
    ],
  ])('names %s in one line, and ends with 1', async (_what, spoil, sentence) => {
    const folder = copy();
    spoil(folder);
    const { code, out } = await doctor(alone(folder));
    const complaints = out.split('\n').filter((line) => line.includes('cannot be used'));
    expect(complaints).toEqual([expect.stringMatching(sentence)]);
    expect(out).toMatch(/^Next: mend or remove copy-\d+; then ask again\.$/m);
    expect(code).toBe(1);
  });

  it('names the parts of two checkpoints that are not for each other, and LoRAs that do not fit', async () => {
    const embedded = join(root, 'models', 'inkling');
    const catalog = join(work, 'mixed.json');
    const lora = join(work, 'lora.safetensors');
    writeTensors(lora, tensorsOf(factorsOf(2), diffusers));
    const [model] = JSON.parse(readFileSync(join(root, 'models', 'catalog.json'), 'utf8')).models;
    const folder = (name: string) => join(tiny, name);
    const sound = {
      ...{ transformer: folder('transformer'), textEncoder: folder('text_encoder'), tokenizer: folder('tokenizer') },
      ...{ vae: folder('vae'), scheduler: folder('scheduler') },
    };
    const entry = (id: string, components: object, loras: object[] = []) => ({ ...model, id, components, loras });
    const foreign = { id: 'foreign', name: 'Foreign', description: '', file: lora };
    const other = {
      transformer: join(root, 'models/inkling-base/transformer'),
      textEncoder: join(embedded, 'text_encoder'),
      tokenizer: join(embedded, 'tokenizer'),
    };
    const models = [
      entry('mixed', { ...sound, textEncoder: other.textEncoder }),
      entry('ill-fitting', { ...sound, ...other }, [
        foreign,
        { ...foreign, id: 'gone', file: join(work, 'nowhere.safetensors') },
      ]),
      entry('sound', sound, [foreign]),
    ];
    writeFileSync(catalog, JSON.stringify({ models }));
    const { code, out } = await doctor({ MODELS_CATALOG: catalog, CHECKPOINTS: '' });
    expect(code).toBe(1);
    expect(out).toMatch(
      /^Model {5}mixed cannot be used\. .*"cap_feat_dim" to be 256, the width of .* but it is 80\.$/m,
    );
    // A LoRA does not condemn its model.
    expect(out).toMatch(/^Model {5}ill-fitting .* is whole[^:]*:[^:]*$/m);
    expect(out).toMatch(/^LoRA {6}foreign of ill-fitting cannot be used\. .*lora_A.* \(.*lora\.safetensors\)$/m);
    expect(out).toMatch(/^LoRA {6}gone of ill-fitting cannot be used\. .*ENOENT.* \(.*nowhere\.safetensors\)$/m);
    expect(out).toMatch(/^Model {5}sound .* is whole.*LoRAs: foreign$/m);
    expect(out).toMatch(/^Next: mend or remove mixed, foreign of ill-fitting, gone of ill-fitting; then ask again\.$/m);
  });

  it('names every part of a checkpoint that cannot be used, and what is no checkpoint', async () => {
    const folder = copy();
    without(join(folder, 'vae/diffusion_pytorch_model.safetensors'), 'encoder.conv_out.bias');
    writeFileSync(join(folder, 'text_encoder/config.json'), '{}');
    const { code, out } = await doctor(alone([folder, join(work, 'nowhere')].join(delimiter)));
    expect(out.match(/^Model .* cannot be used\. /gm)).toHaveLength(3);
    for (const part of ['encoder.conv_out.bias', 'text_encoder/config.json', 'nowhere']) expect(out).toContain(part);
    expect(code).toBe(1);
  });

  it.each([
    [
      'a device that is not there',
      { ENGINE_DEVICE: 'cuda' },
      /^Device {4}cannot be used\. The engine cannot start on the cuda device/m,
    ],
    [
      'a face detector that is none',
      { FACE_DETECTOR: join(tiny, 'model_index.json') },
      /^Device {4}cannot be used\. .*FACE_DETECTOR/m,
    ],
    [
      'too little memory',
      { ENGINE_MEMORY: '1000' },
      /^Model .* Expected an ENGINE_MEMORY of at least \d+ bytes but received 1000\.$/m,
    ],
    [
      'a folder of data that is a file',
      { DATA_DIR: join(tiny, 'model_index.json') },
      /^Data .* cannot be used: it is no folder\.$/m,
    ],
  ])('names %s, and ends with 1', async (_what, env, sentence) => {
    const { code, out } = await doctor({ ...alone(tiny), ...env });
    expect(out).toMatch(sentence);
    expect(out).toMatch(/^Next: .*; then ask again\.$/m);
    expect(code).toBe(1);
  });

  it('says in one line what is wrong with the catalog, and ends with 1', async () => {
    const { code, err } = await doctor({ MODELS_CATALOG: join(tiny, 'model_index.json'), CHECKPOINTS: '' });
    expect(err.trim().split('\n')).toEqual([expect.stringContaining('model_index.json, models: ')]);
    expect(code).toBe(1);
  });
});
