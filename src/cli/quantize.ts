import { copyFileSync, cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { Settings } from '../app/config.js';
import { entryFromCheckpoint, readModels } from '../catalog/entry-from-checkpoint.js';
import { copyComponent, describeComponent, type QuantiseOptions, quantiseComponent } from '../checkpoint/index.js';
import { TOKEN_SIDE } from '../domain/latent.js';
import type { ModelEntry } from '../domain/model-entry.js';
import { readModel } from '../engine/models/read-model.js';
import { makeFolder } from '../environment/folders.js';
import { lossBetween, printLoss, type Size } from './compare.js';
import { readSize, UsageError } from './usage.js';

export interface QuantizeOptions {
  readonly bits: string;
  readonly block: string;
  readonly out: string;
  readonly compare: boolean;
  readonly size?: string;
  readonly json?: boolean;
}

/** `inkstone quantize`: a checkpoint folder whose linear layers take 8 or 4 bits a weight, and what that costs. */
export async function quantizeCommand(settings: Settings, checkpoint: string, options: QuantizeOptions): Promise<void> {
  const format = readFormat(options);
  const size = options.size === undefined ? null : readSize(options.size);
  const out = resolve(options.out);
  if (existsSync(out)) throw new UsageError(`Expected --out to be a folder that is not there yet but received ${out}.`);
  const entry = findModel(settings, checkpoint);
  requireDrawable(size, entry);
  // A broken checkpoint is refused before anything is written.
  const { components, editModes, limits } = entry;
  readModel(components, { device: 'cpu', instructions: editModes.includes('INSTRUCTION'), limits });
  // Beside the target, so that moving it there is one step that cannot end half-way.
  const partial = join(dirname(out), `.${basename(out)}.${process.pid}.partial`);
  const discard = () => rmSync(partial, { recursive: true, force: true });
  const stop = () => {
    discard();
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    makeFolder(partial);
    await write(entry, partial, format);
    renameSync(partial, out);
  } catch (error) {
    discard();
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  const [before, after] = [weightBytes(entry), weightBytes(placed(entry, out))];
  const say = options.json ? () => {} : console.log;
  say(
    `${out}: ${format.bits} bits in blocks of ${format.block}, ${mebibytes(after)} of weights, were ${mebibytes(before)}`,
  );
  const loss = options.compare ? await lossBetween(settings.engine, entry, placed(entry, out), size) : null;
  if (options.json) console.log(JSON.stringify({ folder: out, ...format, bytes: after, bytesBefore: before, loss }));
  else if (loss !== null) printLoss(loss);
}

function readFormat({ bits, block }: QuantizeOptions): Pick<QuantiseOptions, 'bits' | 'block'> {
  const one = <T extends number>(option: string, text: string, known: readonly T[]): T => {
    const found = known.find((value) => String(value) === text);
    if (found === undefined)
      throw new UsageError(`Expected ${option} to be ${known.join(' or ')} but received ${text}.`);
    return found;
  };
  return { bits: one('--bits', bits, [8, 4] as const), block: one('--block', block, [32, 64, 128] as const) };
}

/** @throws UsageError */
function requireDrawable(size: Size | null, { limits: { minSide, maxSide } }: ModelEntry): void {
  for (const side of size === null ? [] : [size.width, size.height])
    if (side % TOKEN_SIDE !== 0 || side < minSide || side > maxSide)
      throw new UsageError(
        `Expected --size to be multiples of ${TOKEN_SIDE} from ${minSide} to ${maxSide} but received ${side}.`,
      );
}

/** A checkpoint folder, or a model of the catalog. */
function findModel(settings: Settings, checkpoint: string): ModelEntry {
  if (existsSync(checkpoint)) return entryFromCheckpoint(checkpoint);
  const models = readModels(settings.engine);
  const known = models.find(({ id }) => id === checkpoint);
  if (known !== undefined) return known;
  throw new UsageError(
    `Expected a checkpoint folder or one of the models ${models.map(({ id }) => id).join(', ')} but received ${checkpoint}.`,
  );
}

/** Names of the component folders in the diffusers layout; those that are only copied first. */
const copies = {
  tokenizer: 'tokenizer',
  vae: 'vae',
  scheduler: 'scheduler',
  preview: 'preview',
  imageEncoder: 'siglip',
} as const;

async function write(
  { components }: ModelEntry,
  to: string,
  format: Pick<QuantiseOptions, 'bits' | 'block'>,
): Promise<void> {
  copyFront(components.transformer, to, components.imageEncoder !== null);
  for (const [component, name] of Object.entries(copies)) {
    const from = components[component as keyof typeof copies];
    if (from === null) continue;
    if (statSync(from).isFile()) for (const _ of copyComponent(from, join(to, name), { part: 'autoencoder' }));
    else cpSync(from, join(to, name), { recursive: true, dereference: true });
  }
  const { transformer, textEncoder, adapter } = components;
  await quantise('text encoder', textEncoder, join(to, 'text_encoder'), { ...format, part: 'text encoder' });
  await quantise('transformer ', transformer, join(to, 'transformer'), { ...format, adapter, part: 'transformer' });
}

/** What lies in a checkpoint beside its components: above all the file that names its pipeline. */
function copyFront(transformer: string, to: string, instructed: boolean): void {
  const front = dirname(transformer);
  const index = 'model_index.json';
  if (!existsSync(join(front, index))) {
    const pipeline = { _class_name: instructed ? 'ZImageOmniPipeline' : 'ZImagePipeline' };
    writeFileSync(join(to, index), `${JSON.stringify(pipeline, null, 2)}\n`);
    return;
  }
  for (const name of readdirSync(front)) {
    const small = name === index || /^(readme|licen[cs]e)/i.test(name);
    if (small && statSync(join(front, name)).isFile()) copyFileSync(join(front, name), join(to, name));
  }
}

async function quantise(name: string, from: string, to: string, options: QuantiseOptions): Promise<void> {
  const bar = new SingleBar({ format: `${name} {bar} {percentage} %`, hideCursor: true, clearOnComplete: true });
  bar.start(1, 0);
  try {
    for (const { done, total } of quantiseComponent(from, to, options)) {
      bar.setTotal(total);
      bar.update(done);
      // Signals are heard between the pieces.
      await setImmediate();
    }
  } finally {
    bar.stop();
  }
}

/** The same model, from a folder in the diffusers layout. */
function placed(entry: ModelEntry, folder: string): ModelEntry {
  const { preview } = entry.components;
  const at = (name: string) => join(folder, name);
  return {
    ...entry,
    id: `${entry.id}-quantised`,
    components: {
      transformer: at('transformer'),
      adapter: null,
      textEncoder: at('text_encoder'),
      tokenizer: at('tokenizer'),
      vae: at('vae'),
      scheduler: at('scheduler'),
      preview: preview && at('preview'),
      imageEncoder: entry.components.imageEncoder && at('siglip'),
    },
  };
}

/** Of what was quantised, before or after. */
function weightBytes({ components: { transformer, textEncoder, adapter } }: ModelEntry): number {
  const before = describeComponent(transformer, { adapter, part: 'transformer' });
  return before.bytes + describeComponent(textEncoder, { part: 'text encoder' }).bytes;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
