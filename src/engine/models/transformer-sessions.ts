import type { CompiledGraph } from '../../compiler/index.js';
import type { Device } from '../engine.js';
import { type Output, openSession, type Session, type SessionOptions } from '../runtime/session.js';
import { tensor } from '../runtime/tensor.js';
import type { LowRankInputs } from './loras.js';

export interface TransformerGraphs {
  readonly prepare: CompiledGraph;
  readonly step: CompiledGraph;
}

/** What a transformer's weights are used for: images from prompts, or the omni sequence with or without SigLIP features. */
export type Mode = 'prompts' | 'omni' | 'omni with features';

/** Makes the graphs of a mode. @param loras whether their linear layers take low-rank terms */
export type GraphsOf = (mode: Mode, loras: boolean) => TransformerGraphs;

type Inputs = Parameters<Session['run']>[0];
type Outputs = Readonly<Record<string, Output>>;

/** The two graphs of a mode in memory. */
export class OpenGraphs {
  private constructor(
    readonly graphs: TransformerGraphs,
    readonly sessions: { readonly prepare: Session; readonly step: Session },
    readonly device: Device,
  ) {}

  static async open(graphs: TransformerGraphs, options: SessionOptions): Promise<OpenGraphs> {
    const prepare = await openSession(graphs.prepare, options);
    const step = await openSession(graphs.step, options);
    return new OpenGraphs(graphs, { prepare, step }, options.device);
  }

  /** Runs one of the graphs, with changes for those of its low-rank inputs that have any. */
  run(graph: 'prepare' | 'step', inputs: Inputs, changes: LowRankInputs): Promise<Outputs> {
    return this.sessions[graph].run({ ...inputs, ...lowRank(this.graphs[graph], changes, this.device) });
  }

  async dispose(): Promise<void> {
    await this.sessions.prepare.dispose();
    await this.sessions.step.dispose();
  }
}

/**
 * The sessions of one transformer. Each holds all the weights, so only those of one mode are in memory: they leave before another mode's
 * are opened, and alternating between modes costs a reload. Graphs that take changes cost a little more at every step, so they are
 * opened when the first changes come. Then they stay, because without changes they compute the same bits, and opening takes longer than
 * they cost.
 */
export class TransformerSessions {
  readonly #prompts: TransformerGraphs;
  readonly #options: SessionOptions;
  readonly #others: GraphsOf | null;
  #mode: Mode;
  #takesChanges = false;
  #opened: OpenGraphs | null = null;

  private constructor(prompts: TransformerGraphs, options: SessionOptions, others: GraphsOf | null, first: Mode) {
    this.#prompts = prompts;
    this.#options = options;
    this.#others = others;
    this.#mode = first;
  }

  /**
   * @param prompts the graphs for prompts alone
   * @param others makes all others; null where changes are refused and there is no other mode
   * @param first which are opened at once
   */
  static async open(
    prompts: TransformerGraphs,
    options: SessionOptions,
    others: GraphsOf | null,
    first: Mode,
  ): Promise<TransformerSessions> {
    const sessions = new TransformerSessions(prompts, options, others, first);
    await sessions.#open(first, false);
    return sessions;
  }

  /** Those of a mode, which add such changes. */
  async of(mode: Mode, changes: LowRankInputs): Promise<OpenGraphs> {
    const takesChanges = this.#takesChanges || (this.#others !== null && Object.keys(changes).length > 0);
    if (this.#opened !== null && mode === this.#mode && takesChanges === this.#takesChanges) return this.#opened;
    await this.dispose();
    return this.#open(mode, takesChanges);
  }

  async dispose(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.dispose();
  }

  async #open(mode: Mode, takesChanges: boolean): Promise<OpenGraphs> {
    const isPlain = this.#others === null || (mode === 'prompts' && !takesChanges);
    this.#opened = await OpenGraphs.open(isPlain ? this.#prompts : this.#others!(mode, takesChanges), this.#options);
    this.#mode = mode;
    this.#takesChanges = takesChanges;
    return this.#opened;
  }
}

/** What a graph's low-rank inputs are fed: each layer's change or, where there is none, factors of the least rank. */
function lowRank({ inputs }: CompiledGraph, changes: LowRankInputs, device: Device): LowRankInputs {
  const names = inputs.filter(({ name }) => name.endsWith('.lora_A') || name.endsWith('.lora_B'));
  // A rank of 0 is exact and free on the CPU; elsewhere buffers of no bytes are not to be relied on, and a product with 0 is as exact.
  const least = device === 'cpu' ? 0 : 1;
  const nothing = (shape: readonly (number | string)[]) => {
    const sizes = shape.map((size) => (typeof size === 'number' ? size : least));
    return tensor(sizes, new Float32Array(sizes.reduce((product, size) => product * size, 1)));
  };
  return Object.fromEntries(names.map(({ name, shape }) => [name, changes[name] ?? nothing(shape)]));
}
