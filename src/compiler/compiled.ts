import type { Component } from '../checkpoint/component.js';
import type { Device } from '../domain/device.js';
import { type WeightMemory, weightMemory } from './memory.js';
import { checkGraph } from './onnx/checker.js';
import type { Graph, Value } from './onnx/graph.js';
import { simplify } from './passes/index.js';

export interface CompileOptions {
  readonly target: Device;
  /** Also give the values between the layers, under the reference's names. Left out, no. */
  readonly debug?: boolean;
}

export interface TensorSpec {
  readonly name: string;
  readonly type: string;
  /** Names are sizes that are known only when the graph runs. */
  readonly shape: readonly (number | string)[];
}

/** A checked ONNX model whose weights lie in the checkpoint's own files. */
export interface CompiledGraph {
  readonly name: string;
  /** The same bytes each time. */
  readonly model: Uint8Array;
  /** What ONNX Runtime takes as the folder of external weights. */
  readonly weightsFolder: string;
  readonly memory: WeightMemory;
  /** Names of the kernels that its operations were lowered to. */
  readonly kernels: readonly string[];
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** A graph as a model builds it, before passes and checks. */
export interface Built<C> {
  readonly graph: Graph;
  readonly component: Component;
  readonly config: C;
}

/** A built graph, compiled, with the configuration that it was built by. @throws GraphError */
export function finished<C>({ graph, component, config }: Built<C>): CompiledGraph & { readonly config: C } {
  return Object.assign(compiled(graph, component), { config });
}

/** Runs the passes over a finished graph, checks it, and encodes it when its bytes are first asked for. @throws GraphError */
export function compiled(graph: Graph, { weightsFolder }: Component): CompiledGraph {
  simplify(graph);
  checkGraph(graph, weightsFolder);
  const spec = ({ name, type, shape }: Value): TensorSpec => ({ name, type, shape });
  let encoded: Uint8Array | null = null;
  return {
    name: graph.name,
    // Most graphs of a model are compiled to be checked, and never run.
    get model() {
      encoded ??= graph.encode();
      return encoded;
    },
    weightsFolder,
    memory: weightMemory(graph),
    kernels: [...graph.kernels],
    inputs: graph.inputs.map(spec),
    outputs: graph.outputs.map(spec),
  };
}
