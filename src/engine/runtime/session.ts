import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { CompiledGraph } from '../../compiler/index.js';
import type { Device } from '../engine.js';
import { type Tensor, tensor } from './tensor.js';

/** Whole numbers that a graph takes: token ids, lengths, sizes. */
export interface Integers {
  readonly shape: readonly number[];
  readonly data: BigInt64Array;
}

export interface SessionOptions {
  readonly device: Device;
  /** Threads of one operator. */
  readonly threads: number;
}

/** A result, held as ONNX Runtime gave it: to be read, or handed to another graph. */
export interface Output {
  /** Its values. Throws a TypeError when they are not float32. */
  read(): Tensor;
  dispose(): void;
}

/** What a loaded graph takes or gives. Names are sizes that are known only when it runs. */
export interface Port {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** A graph ready to run on a device. Blocks the thread while it computes. */
export interface Session {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  run(inputs: Readonly<Record<string, Tensor | Integers | Output>>): Promise<Readonly<Record<string, Output>>>;
  /** Frees weights and working memory. Idempotent. */
  dispose(): Promise<void>;
}

/** What loading needs of a compiled graph. */
export type RunnableGraph = Pick<CompiledGraph, 'name' | 'model' | 'weightsFolder'>;

/**
 * Loads a compiled graph. Weights are read from the checkpoint's own files.
 *
 * @throws an Error that names the graph, when ONNX Runtime refuses it or the device is not there
 */
export async function openSession(graph: RunnableGraph, { device, threads }: SessionOptions): Promise<Session> {
  const session = await InferenceSession.create(graph.model, {
    executionProviders: device === 'cpu' ? ['cpu'] : [providers[device], 'cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    // A pattern is a second arena beside the first: as fast, and for the decoder 216 MB more at 512×512.
    enableMemPattern: false,
    // 3 is errors: warnings about nodes placed on the CPU say nothing that an operator could act on.
    logSeverityLevel: 3,
    extra: {
      session: {
        model_external_initializers_file_folder_path: graph.weightsFolder,
        set_denormal_as_zero: '1',
        // Threads that wait for the next operator give the core up soon: the server and others want it, and beside a busy
        // neighbour the default, a millisecond, makes a step take twice as long.
        'intra_op.spin_duration_us': '20',
      },
    },
  }).catch((error: Error) => {
    throw new Error(`ONNX Runtime could not load ${graph.name} on ${device}: ${error.message}`, { cause: error });
  });
  let open = true;
  return {
    inputs: session.inputMetadata.map(port),
    outputs: session.outputMetadata.map(port),
    async run(inputs) {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toOrt(value)]));
      const results = await session.run(feeds);
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, new Held(name, value)]));
    },
    async dispose() {
      if (!open) return;
      open = false;
      await session.release();
    },
  };
}

/** ONNX Runtime's names. */
const providers: Readonly<Record<Device, string>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  webgpu: 'webgpu',
  'webgpu-float32': 'webgpu',
};

/** ONNX models of y = Relu(x) over one float, in 32 and in 16 bits between two casts, as `onnx.helper.make_model` writes them. */
const TRIAL = 'CAg6NwoMCgF4EgF5IgRSZWx1EgV0cmlhbFoPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAR';
const TRIAL_OF_16_BITS =
  'CAg6aQoXCgF4EgFoIgRDYXN0KgkKAnRvGAqgAQIKDAoBaBIBciIEUmVsdQoXCgFyEgF5IgRDYXN0KgkKAnRvGAGgAQISBXRyaWFsWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQEQ==';

/** Computes something very small, as the device would compute. Rejects with a line of ONNX Runtime's when it does not. */
export async function tryDevice(device: Device): Promise<void> {
  try {
    const trial = device === 'webgpu' ? TRIAL_OF_16_BITS : TRIAL;
    const session = await InferenceSession.create(Buffer.from(trial, 'base64'), {
      executionProviders: [providers[device]],
      logSeverityLevel: 4,
    });
    await session.run({ x: new OrtTensor('float32', Float32Array.of(-1), [1]) });
    await session.release();
  } catch (error) {
    // The place in ONNX Runtime's source says nothing that an operator could act on.
    const [line] = (error as Error).message.split('\n');
    throw new Error(line!.replace(/^\/\S+:\d+ .*? was false\. /, ''), { cause: error });
  }
}

function port(described: InferenceSession.ValueMetadata): Port {
  return described.isTensor ? described : { name: described.name, type: 'no tensor', shape: [] };
}

class Held implements Output {
  constructor(
    readonly name: string,
    readonly value: OrtTensor,
  ) {}

  read(): Tensor {
    const { data, dims, type } = this.value;
    if (!(data instanceof Float32Array)) throw new TypeError(`Expected float32 for ${this.name} but received ${type}.`);
    return tensor(dims, data);
  }

  dispose(): void {
    this.value.dispose();
  }
}

function toOrt(value: Tensor | Integers | Output): OrtTensor {
  if (value instanceof Held) return value.value;
  const { shape, data } = value as Tensor | Integers;
  return data instanceof Float32Array ? new OrtTensor('float32', data, shape) : new OrtTensor('int64', data, shape);
}

/** [B] or any other shape of whole numbers, as int64. */
export function integers(shape: readonly number[], values: readonly number[]): Integers {
  return { shape, data: BigInt64Array.from(values, BigInt) };
}
