import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { buildDecoder, buildEncoder } from '../../src/compiler/models/autoencoder-kl.js';
import { build as buildTextEncoder } from '../../src/compiler/models/qwen3.js';
import { build as buildTransformer } from '../../src/compiler/models/z-image-transformer.js';
import { checkGraph } from '../../src/compiler/onnx/checker.js';
import { type Graph, GraphError, type Node, type Value } from '../../src/compiler/onnx/graph.js';
import { fixtures } from './run.js';

const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');

interface Subject {
  readonly graph: Graph;
  readonly folder: string;
}

/** Graphs of all operators that there are, by name. */
const subjects: Readonly<Record<string, () => Subject>> = {
  step: () => transformer('step'),
  prepare: () => transformer('prepare'),
  'text encoder': () => subject(buildTextEncoder(join(tiny, 'text_encoder'), { target: 'cpu' })),
  decoder: () => subject(buildDecoder(join(tiny, 'vae'), { target: 'cpu' })),
  encoder: () => subject(buildEncoder(join(tiny, 'vae'), { target: 'cpu' })),
};

function subject({ graph, component }: { graph: Graph; component: { weightsFolder: string } }): Subject {
  return { graph, folder: component.weightsFolder };
}

function transformer(part: 'prepare' | 'step'): Subject {
  const options = { target: 'cpu', masked: true, debug: false, loras: true } as const;
  const built = buildTransformer(join(tiny, 'transformer'), options);
  return { graph: built[part], folder: built.component.weightsFolder };
}

/** The first node of each operator, number of inputs, and rank and type of its result. */
function kinds({ nodes }: Graph): number[] {
  const kind = ({ op, inputs, outputs }: Node) =>
    [op, inputs.length, outputs[0]!.shape.length, outputs[0]!.type].join();
  return [...new Map(nodes.map((node, i) => [kind(node), i] as const).reverse()).values()];
}

/** What a mistake in this compiler might make of a node. */
function* mistakes(node: Node): Generator<Node> {
  const { inputs, outputs, attributes } = node;
  for (const [i, input] of inputs.entries()) {
    yield { ...node, inputs: inputs.toSpliced(i, 1) };
    yield { ...node, inputs: inputs.with(i, null) };
    if (i > 0) yield { ...node, inputs: inputs.with(i, inputs[i - 1]!).with(i - 1, input) };
  }
  yield { ...node, inputs: [...inputs, inputs[0]!] };
  for (const [i, output] of outputs.entries()) {
    const say = (said: Partial<Value>) => ({ ...node, outputs: outputs.with(i, { ...output, ...said }) });
    for (const type of ['float32', 'int64', 'bool', 'float16'] as const) if (type !== output.type) yield say({ type });
    yield say({ shape: [...output.shape, 1] });
    for (const [axis, size] of output.shape.entries())
      yield say({ shape: output.shape.with(axis, typeof size === 'number' ? size + 1 : 'another') });
  }
  for (const [name, value] of Object.entries(attributes)) {
    const { [name]: _, ...others } = attributes;
    yield { ...node, attributes: others };
    if (typeof value === 'number')
      for (const other of [value + 1, 7, -9]) yield { ...node, attributes: { ...attributes, [name]: other } };
    if (Array.isArray(value)) yield { ...node, attributes: { ...attributes, [name]: value.slice(1) } };
  }
  yield { ...node, op: 'Nothing' };
}

async function refusal({ graph, folder }: Subject): Promise<string | null> {
  const session = { model_external_initializers_file_folder_path: folder };
  try {
    const options = { logSeverityLevel: 4, intraOpNumThreads: 1, graphOptimizationLevel: 'disabled' } as const;
    await (await InferenceSession.create(graph.encode(), { ...options, extra: { session } })).release();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the checker, of every way to spoil one node of a graph that it lets pass,', () => {
  it.each(Object.keys(subjects))('lets pass none that ONNX Runtime refuses: %s', { timeout: 120_000 }, async (name) => {
    const whole = subjects[name]!();
    const nodes = [...whole.graph.nodes];
    let refused = 0;
    const missed: string[] = [];
    for (const i of kinds(whole.graph)) {
      const sound = nodes[i]!;
      for (const spoilt of mistakes(sound)) {
        whole.graph.replaceNodes(nodes.with(i, spoilt));
        try {
          checkGraph(whole.graph, whole.folder);
          const complaint = await refusal(whole);
          if (complaint !== null) missed.push(`${JSON.stringify(spoilt)}: ${complaint}`);
        } catch (error) {
          expect(error).toBeInstanceOf(GraphError);
          refused++;
        }
      }
    }
    whole.graph.replaceNodes(nodes);
    expect(missed).toEqual([]);
    expect(refused).toBeGreaterThan(100);
  });
});
