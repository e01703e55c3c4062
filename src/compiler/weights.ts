import { type Component, externalLocation } from '../checkpoint/component.js';
import { Config } from '../checkpoint/config.js';
import { CheckpointError } from '../checkpoint/errors.js';
import { type BlockFormat, blockShapes } from '../checkpoint/formats/blocks.js';
import type { StoredTensor, StoredType } from '../checkpoint/formats/safetensors.js';
import { isPerBlock, scaleOf } from '../checkpoint/formats/scales.js';
import type { LowRank, StoredFactor } from '../checkpoint/lora/lora.js';
import { timesBlocks } from './nn/block-scales.js';
import type { Dim, ElementType, Value } from './onnx/graph.js';
import type { BlockMatrix, Ops } from './onnx/ops.js';

const onnxType: Partial<Record<StoredType, ElementType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I8: 'int8',
  F8_E4M3: 'float8e4m3',
  F8_E5M2: 'float8e5m2',
};

/** A [R, in] and B [out, R], in the precision of matrix products. */
export interface LowRankInputs {
  readonly down: Value;
  readonly up: Value;
}

export interface WeightOptions {
  /** Linear layers take low-rank terms as inputs of the graph: `<layer>.lora_A` [R, in] and `<layer>.lora_B` [out, R]. */
  readonly lowRankInputs?: boolean;
}

/** A checkpoint's tensors under its own names, as values in the precision that the graph computes in. */
export class Weights {
  constructor(
    readonly op: Ops,
    readonly component: Component,
    readonly options: WeightOptions = {},
    readonly prefix = '',
  ) {}

  at(part: string): Weights {
    return new Weights(this.op, this.component, this.options, `${this.prefix}${part}.`);
  }

  /** A tensor of exactly this shape, in the precision of matrix products unless another is asked for. @throws CheckpointError */
  get(name: string, shape: readonly number[], type: ElementType = this.op.lowering.compute): Value {
    const { op } = this;
    const stored = this.#stored(name, shape);
    const change = this.component.adapter?.get(stored.name);
    // None of this depends on anything that changes, so ONNX Runtime computes it once, when it loads the graph.
    const whole = this.#times(stored, scaleOf(stored, this.component.tensors, stored.file));
    if (change === undefined) return op.cast(whole, type);
    return op.cast(op.add(op.cast(whole, 'float32'), this.#product(change)), type);
  }

  /** scale·B·A, in float32: in less a small change would drown in the weight's rounding. */
  #product({ down, up, scale }: LowRank): Value {
    const { op } = this;
    const factor = ({ values, scales }: StoredFactor) => op.cast(this.#times(values, scales), 'float32');
    const product = op.matmul(factor(up), factor(down));
    return scale === 1 ? product : op.mul(product, op.scalar(scale));
  }

  /** A tensor as it lies or, where it has a scale, what its numbers stand for. */
  #times(stored: StoredTensor, scale: StoredTensor | null): Value {
    const raw = this.#external(stored);
    if (scale === null) return raw;
    const [numbers, factors] = [this.op.cast(raw, 'float32'), this.op.cast(this.#external(scale), 'float32')];
    return isPerBlock(scale, stored) ? timesBlocks(this.op, numbers, factors) : this.op.mul(numbers, factors);
  }

  /** Whether the checkpoint keeps a matrix in blocks of few bits. */
  isBlocks(name: string): boolean {
    return this.component.tensors.get(this.prefix + name)?.type === 'U8';
  }

  /** A matrix in blocks of few bits. @throws CheckpointError */
  blocks(name: string, [rows, width]: readonly [number, number]): BlockMatrix {
    const { bits, block } = blockFormat(this.component);
    const shapes = blockShapes([rows, width], { bits, block });
    const codes = (suffix: string, shape: readonly number[]) => this.#codes(this.#stored(`${name}${suffix}`, shape));
    return {
      ...{ rows, width, bits, block },
      codes: codes('', shapes.codes),
      scales: this.op.cast(this.#external(this.#stored(`${name}_scale`, shapes.scales)), this.op.lowering.compute),
      zeroPoints: codes('_zero_point', shapes.zeroPoints),
    };
  }

  /** Rows of a table [rows, width], picked before they are converted: a vocabulary is long and a prompt short. */
  rows(name: string, shape: readonly [number, number], indices: Value): Value {
    const { op } = this;
    const stored = this.#stored(name, shape);
    const scale = scaleOf(stored, this.component.tensors, stored.file);
    // Gather takes every type that a checkpoint may have but 8-bit floats.
    if (stored.type.startsWith('F8_') || (scale !== null && isPerBlock(scale, stored)))
      return op.gather(this.get(name, shape, 'float32'), indices);
    const picked = op.cast(op.gather(this.#external(stored), indices), 'float32');
    if (scale === null) return picked;
    const factors = op.cast(this.#external(scale), 'float32');
    return op.mul(picked, factors.shape[0] === 1 ? factors : op.gather(factors, indices));
  }

  /** A [R, in] and B [out, R] of what a request adds to this layer, where the graph takes them: R is 0 when that is nothing. */
  lowRankInputs(out: number, width: number): LowRankInputs | null {
    const { op } = this;
    if (this.options.lowRankInputs !== true) return null;
    const rank = `${this.prefix}R`;
    const input = (part: string, shape: readonly Dim[]) => {
      const name = `${this.prefix}${part}`;
      // A layer that is used twice is changed once.
      const known = op.graph.inputs.find((value) => value.name === name);
      return op.cast(known ?? op.graph.input(name, 'float32', shape), op.lowering.compute);
    };
    return { down: input('lora_A', [rank, width]), up: input('lora_B', [out, rank]) };
  }

  #external(stored: StoredTensor): Value {
    const element = onnxType[stored.type as StoredType];
    if (element !== undefined) return this.#lying(stored, element);
    throw new CheckpointError(
      `${stored.file}: expected "${stored.name}" to be one of ${Object.keys(onnxType).join(', ')} but it is ${stored.type}.`,
    );
  }

  #codes(stored: StoredTensor): Value {
    if (stored.type === 'U8') return this.#lying(stored, 'uint8');
    throw new CheckpointError(`${stored.file}: expected "${stored.name}" to be U8 but it is ${stored.type}.`);
  }

  /** As the tensor lies in its file. */
  #lying(stored: StoredTensor, element: ElementType): Value {
    const { name, shape, offset, length } = stored;
    // Rows of a tensor that several layers share are values of their own.
    const whole = this.component.tensors.get(name)?.offset === offset ? name : `${name}@${offset}`;
    return this.op.graph.external(whole, element, shape, {
      location: externalLocation(this.component, stored),
      offset,
      length,
    });
  }

  #stored(name: string, shape: readonly number[]): StoredTensor {
    const full = this.prefix + name;
    const stored = this.component.tensors.get(full);
    if (stored === undefined)
      throw new CheckpointError(
        `${this.component.location}: the checkpoint has no tensor "${full}" of ${format(shape)}.`,
        'damaged',
      );
    if (stored.shape.join() !== shape.join())
      throw new CheckpointError(
        `${stored.file}: expected "${full}" to be ${format(shape)} but it is ${format(stored.shape)}.`,
      );
    return stored;
  }
}

/** How a component's matrices are kept in few bits, by its configuration. @throws CheckpointError */
function blockFormat(component: Component): BlockFormat {
  const said = Config.of(component).record('quantization_config');
  said.known('quant_method', 'inkstone');
  return { bits: said.known('bits', 8, 4), block: said.known('block_size', 32, 16, 64, 128) };
}

function format(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
