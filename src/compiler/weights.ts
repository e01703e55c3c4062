import { type Component, location } from './checkpoint.js';
import { CheckpointError } from './errors.js';
import type { ElementType, Value } from './onnx/graph.js';
import type { Ops } from './onnx/ops.js';
import type { StoredTensor, StoredType } from './safetensors.js';

const onnxType: Record<StoredType, ElementType> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I8: 'int8',
  F8_E4M3: 'float8e4m3',
};

/** A checkpoint's tensors under its own names, as values in the precision that the graph computes in. */
export class Weights {
  constructor(
    readonly op: Ops,
    readonly component: Component,
    readonly prefix = '',
  ) {}

  at(part: string): Weights {
    return new Weights(this.op, this.component, `${this.prefix}${part}.`);
  }

  has(name: string): boolean {
    return this.component.tensors.has(this.prefix + name);
  }

  /** A tensor of exactly this shape. @throws CheckpointError */
  get(name: string, shape: readonly number[]): Value {
    const stored = this.#stored(name);
    if (stored.shape.join() !== shape.join())
      throw new CheckpointError(
        `${stored.file}: expected "${stored.name}" to be ${format(shape)} but it is ${format(stored.shape)}.`,
      );
    const value = this.op.cast(this.#external(stored), 'float32');
    const scale = this.component.tensors.get(`${stored.name}_scale`);
    if (stored.type === 'I8' && scale === undefined)
      throw new CheckpointError(
        `${stored.file}: "${stored.name}" holds 8-bit numbers but there is no "${stored.name}_scale" beside it.`,
      );
    return scale === undefined ? value : this.op.mul(value, this.#scale(scale, shape));
  }

  optional(name: string, shape: readonly number[]): Value | null {
    return this.has(name) ? this.get(name, shape) : null;
  }

  /** One factor an output channel, shaped so that it multiplies the whole weight. */
  #scale(stored: StoredTensor, of: readonly number[]): Value {
    const out = of[0]!;
    if (stored.shape.reduce((product, side) => product * side, 1) !== out)
      throw new CheckpointError(
        `${stored.file}: expected "${stored.name}" to hold ${out} factors but it is ${format(stored.shape)}.`,
      );
    const shape = [out, ...of.slice(1).map(() => 1)];
    return this.op.cast(this.#external({ ...stored, shape }), 'float32');
  }

  #external(stored: StoredTensor): Value {
    const { name, type, shape, offset, length } = stored;
    return this.op.graph.external(name, onnxType[type], shape, {
      location: location(this.component, stored),
      offset,
      length,
    });
  }

  #stored(name: string): StoredTensor {
    const full = this.prefix + name;
    const stored = this.component.tensors.get(full);
    if (stored === undefined)
      throw new CheckpointError(`${this.component.folder}: the checkpoint has no tensor "${full}".`);
    return stored;
  }
}

function format(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
