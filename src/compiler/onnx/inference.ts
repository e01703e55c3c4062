// What operators make of the types and sizes of their inputs, as far as those are known before a graph runs.
import type { Dim, ElementType, Node, Value } from './graph.js';

/** A size that an operator's inputs decide: null where only running it tells. */
export type InferredDim = Dim | null;

export interface Inferred {
  readonly type: ElementType;
  readonly shape: readonly InferredDim[];
}

/** What a node looks like to its operator. Optional inputs left out at the end are not there. */
export interface Call {
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  int(attribute: string): number;
  ints(attribute: string): readonly number[];
  /** The numbers of an input that is a constant of the graph; null otherwise. */
  constant(input: number): readonly number[] | null;
  /** Stops the check with this complaint unless the condition holds. */
  expect(condition: boolean, complaint: string): void;
}

/** Operators mix no types. */
export function sameType({ expect }: Call, a: Value, b: Value): void {
  expect(a.type === b.type, `${a.name} is ${a.type} but ${b.name} is ${b.type}`);
}

/** Two sizes that must be one. */
export function fits({ expect }: Call, what: string, a: Dim, b: Dim): void {
  // A name beside a number may well be that number.
  expect(a === b || typeof a !== typeof b, `its ${what} are ${a} and ${b}`);
}

/** https://onnx.ai/onnx/repo-docs/Broadcasting.html */
export function broadcast(call: Call, a: readonly Dim[], b: readonly Dim[]): InferredDim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    fits(call, 'sizes', x, y);
    return typeof x === 'number' ? x : y;
  });
}

export function norm(call: Call): readonly Inferred[] {
  const [x, scale, bias] = call.inputs as [Value, Value, Value | undefined];
  sameType(call, x, scale);
  oneOf(call, 'axis', -1);
  fits(call, 'widths', x.shape.at(-1)!, scale.shape.at(-1)!);
  if (bias) fits(call, 'bias', x.shape.at(-1)!, bias.shape.at(-1)!);
  return [x];
}

/** An attribute that must have one of these values. */
export function oneOf(call: Call, attribute: string, ...values: readonly number[]): void {
  const value = call.int(attribute);
  call.expect(values.includes(value), `its attribute "${attribute}" is ${value}, not ${values.join(' or ')}`);
}

/** A size that is sure to be a multiple of another, where both are known. */
export function multiple({ expect }: Call, what: string, whole: Dim, part: Dim, times = 1): void {
  const known = typeof whole === 'number' && typeof part === 'number';
  expect(!known || whole % (times * part) === 0, `${what}: ${whole} is no multiple of ${times} · ${part}`);
}

export function concat(call: Call): readonly Inferred[] {
  const parts = call.inputs as Value[];
  const { type, shape } = parts[0]!;
  const axis = axisOf(call, shape);
  for (const part of parts) {
    sameType(call, parts[0]!, part);
    call.expect(part.shape.length === shape.length, `${part.name} has ${part.shape.length} axes, not ${shape.length}`);
    for (const [i, size] of part.shape.entries()) if (i !== axis) fits(call, `sizes along axis ${i}`, size, shape[i]!);
  }
  const sizes = parts.map((part) => part.shape[axis]!);
  const sum = sizes.reduce<InferredDim>((total, size) => plus(total, size), 0);
  return [{ type, shape: shape.with(axis, sum as Dim) }];
}

export function reshape(call: Call): readonly Inferred[] {
  const [x, to] = call.inputs as [Value, Value];
  call.expect(to.type === 'int64', `its shape is ${to.type}`);
  const wanted = call.constant(1);
  if (wanted === null) return [{ type: x.type, shape: unknown(vectorLength(call, to)) }];
  const given = wanted.map((size, i) => (size === 0 ? x.shape[i]! : size === -1 ? null : size));
  const [before, after] = [product(x.shape), product(given)];
  call.expect(
    typeof before !== 'number' || typeof after !== 'number' || before === after,
    `${before} values do not make [${given}]`,
  );
  return [{ type: x.type, shape: given }];
}

export function conv(call: Call): readonly Inferred[] {
  const [x, weight, bias] = call.inputs as [Value, Value, Value | undefined];
  const [batch, channels, ...sides] = x.shape;
  const [out, per] = weight.shape as [number, number];
  sameType(call, x, weight);
  fits(call, 'channels', channels!, per * call.int('group'));
  if (bias) fits(call, 'bias', bias.shape[0]!, out);
  call.expect(
    call.ints('kernel_shape').join() === weight.shape.slice(2).join(),
    'kernel_shape is not that of its weight',
  );
  for (const [attribute, count] of [['strides', 1] as const, ['dilations', 1] as const, ['pads', 2] as const])
    call.expect(
      call.ints(attribute).length === count * sides.length,
      `its attribute "${attribute}" has ${call.ints(attribute).length} values for ${sides.length} sides`,
    );
  const [strides, pads] = [call.ints('strides'), call.ints('pads')];
  const spatial = sides.map((side, i) => {
    const reach = (call.ints('kernel_shape')[i]! - 1) * call.ints('dilations')[i]!;
    const slack = pads[i]! + pads[i + sides.length]! - reach;
    if (strides[i] === 1 && slack === 0) return side;
    return typeof side === 'number' ? Math.floor((side + slack - 1) / strides[i]!) + 1 : null;
  });
  return [{ type: x.type, shape: [batch!, out, ...spatial] }];
}

export function slice(call: Call): readonly Inferred[] {
  const [x, from, to] = call.inputs as [Value, Value, Value];
  for (const { type, name } of [from, to]) call.expect(type === 'int64', `${name} is ${type}`);
  const axes = call.constant(3);
  const axis = axes?.[0] ?? -1;
  call.expect(axes?.length === 1 && axis >= 0 && axis < x.shape.length, `axes are [${axes}]`);
  const [start, end, whole] = [call.constant(1)?.[0], call.constant(2)?.[0], x.shape[axis]];
  const known = start !== undefined && end !== undefined && typeof whole === 'number';
  call.expect(!known || (start >= 0 && start < end && end <= whole), `${start} … ${end} are not within ${whole}`);
  return [{ type: x.type, shape: x.shape.with(axis, (known ? end - start : null) as Dim) }];
}

/** How many numbers a list has: the rank of a shape that is worked out by the graph. */
export function vectorLength({ expect }: Call, { shape, name }: Value): number {
  expect(shape.length === 1 && typeof shape[0] === 'number', `${name} must be a list of known length`);
  return shape[0] as number;
}

export function axisOf(call: Call, shape: readonly Dim[]): number {
  const axis = call.int('axis');
  call.expect(axis >= -shape.length && axis < shape.length, `axis ${axis} is not one of ${shape.length}`);
  return axis < 0 ? axis + shape.length : axis;
}

export const unknown = (rank: number): null[] => Array.from({ length: rank }, () => null);
export const plus = (a: InferredDim, b: InferredDim) => (typeof a === 'number' && typeof b === 'number' ? a + b : null);
export const times = (a: InferredDim, b: InferredDim) =>
  typeof a === 'number' && typeof b === 'number' ? a * b : null;
export const product = (shape: readonly InferredDim[]) => (shape.length === 1 ? shape[0]! : shape.reduce(times, 1));
