import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileTextEncoder, compileTransformer } from '../../src/compiler/index.js';
import { buildDecoder } from '../../src/compiler/models/autoencoder-kl.js';
import { build as buildTextEncoder } from '../../src/compiler/models/qwen3.js';
import { build as buildOmniTransformer } from '../../src/compiler/models/z-image-omni.js';
import { build as buildTransformer } from '../../src/compiler/models/z-image-transformer.js';
import type { Graph, Value } from '../../src/compiler/onnx/graph.js';
import { simplify } from '../../src/compiler/passes/index.js';
import { integers } from '../../src/engine/runtime/session.js';
import { fixtures, run } from './run.js';
import { wave } from './waves.js';

const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');
const transformer = join(tiny, 'transformer');
const options = { target: 'cpu', masked: true, debug: false, loras: true } as const;

interface Built {
  readonly graph: Graph;
  readonly weightsFolder: string;
}

/** Graphs as they are built, and sizes that fit together for the names of their axes. */
const subjects: Readonly<Record<string, { build: () => Built; sizes: Readonly<Record<string, number>> }>> = {
  'a step of the transformer': {
    build: () => step(buildTransformer(transformer, options)),
    sizes: { B: 2, h: 8, w: 6, L32: 32, T32: 32, S: 64, 'B*S': 128 },
  },
  'a step of the transformer in omni mode': {
    build: () => step(buildOmniTransformer(transformer, { target: 'cpu', siglip: false })),
    sizes: { B: 2, h: 8, w: 6, L: 32, Tc: 32, T: 64, S: 96, 'B*S': 192 },
  },
  'the text encoder': {
    build: () => built(buildTextEncoder(join(tiny, 'text_encoder'), { target: 'cpu' })),
    sizes: { B: 2, L: 5 },
  },
  'the decoder': {
    build: () => built(buildDecoder(join(tiny, 'vae'), { target: 'cpu' })),
    sizes: { B: 2, h: 6, w: 4 },
  },
};

function step({ step, component }: { step: Graph; component: { weightsFolder: string } }): Built {
  return { graph: step, weightsFolder: component.weightsFolder };
}

function built({ graph, component }: { graph: Graph; component: { weightsFolder: string } }): Built {
  return { graph, weightsFolder: component.weightsFolder };
}

describe('the passes', () => {
  it.each(Object.entries(subjects))('leave every bit of what is computed: %s', async (_, { build, sizes }) => {
    const { graph, weightsFolder } = build();
    const inputs = Object.fromEntries(graph.inputs.map((input) => [input.name, filled(input, sizes)]));
    const outputs = () =>
      run(
        { name: graph.name, model: graph.encode(), weightsFolder, inputs: [], outputs: [], kernels: [], memory },
        inputs,
      );
    const before = await outputs();
    const nodes = graph.nodes.length;
    const fired = simplify(graph);
    expect(await outputs()).toEqual(before);
    expect(fired['merge-equal']).toBeGreaterThan(0);
    expect(graph.nodes.length).toBe(nodes - fired['merge-equal']! - fired['drop-unused']!);
  });

  it('leave a block of the transformer no more than 20 nodes that only work out shapes', () => {
    const { graph } = subjects['a step of the transformer']!.build();
    simplify(graph);
    const plumbing = graph.nodes.filter(({ op }) => /^(Reshape|Shape|Concat|Flatten|Unsqueeze)$/.test(op));
    const inBlocks = plumbing.filter(({ name }) => name.startsWith('layers.1/'));
    expect(inBlocks.map(({ name }) => name).length).toBeLessThanOrEqual(20);
  });

  it('fire no second time', () => {
    for (const { build } of Object.values(subjects)) {
      const { graph } = build();
      simplify(graph);
      expect(Object.values(simplify(graph))).toEqual([0, 0, 0]);
    }
  });
});

describe('a graph', () => {
  it('names the kernels that a device lowers it to', () => {
    const kernels = (target: 'cpu' | 'cuda' | 'webgpu') => compileTransformer(transformer, { target }).step.kernels;
    expect(kernels('cpu')).toContain('Gemm');
    expect(kernels('cpu')).not.toContain('SimplifiedLayerNormalization of gain·factor');
    expect(kernels('cuda')).toContain('SimplifiedLayerNormalization of gain·factor');
    expect(kernels('webgpu')).toContain('MatMul');
    expect(kernels('webgpu')).not.toContain('Gemm');
    expect(compileTextEncoder(join(tiny, 'text_encoder'), { target: 'cpu' }).kernels).toContain('MultiHeadAttention');
  });
});

const memory = { loaded: 0, loading: 0 };

/** Whole numbers stay below 3: positions and times that every size allows. */
function filled({ type, shape }: Value, sizes: Readonly<Record<string, number>>) {
  const sides = shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 2)));
  const count = sides.reduce((product, side) => product * side, 1);
  return type === 'int64'
    ? integers(
        sides,
        Array.from({ length: count }, (_, i) => i % 3),
      )
    : wave(sides);
}
