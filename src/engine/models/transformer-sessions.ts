import type { CompiledGraph } from '../../compiler/index.js';
import type { Device } from '../engine.js';
import { openSession, type Session, type SessionOptions } from '../runtime/session.js';
import { tensor } from '../runtime/tensor.js';
import type { LowRankInputs } from './loras.js';

export interface TransformerGraphs {
  readonly prepare: CompiledGraph;
  readonly step: CompiledGraph;
}

/** What a transformer's weights are used for: images from words, or the omni sequence with or without SigLIP features. */
export type Mode = 'words' | 'omni' | 'omni with features';

/** Makes the graphs of a mode. @param loras whether their linear layers take low-rank terms */
export type GraphsOf = (mode: Mode, loras: boolean) => TransformerGraphs;

export interface Opened {
  readonly prepare: Session;
  readonly step: Session;
  /** What the low-rank inputs of each graph are fed. */
  readonly inputs: { prepare(changes: LowRankInputs): LowRankInputs; step(changes: LowRankInputs): LowRankInputs };
  dispose(): Promise<void>;
}

export interface TransformerSessions {
  /** Those of a mode, which add such changes. */
  of(mode: Mode, changes: LowRankInputs): Promise<Opened>;
  dispose(): Promise<void>;
}

/**
 * The sessions of one transformer. Each holds all the weights, so there are those of one mode at a time: another mode's leave before they
 * are opened, and who alternates between modes pays with a reload. Graphs that take changes cost a little more at every step, so they
 * are opened when the first changes come. Then they stay, because without changes they compute the same bits, and opening takes longer
 * than they cost.
 *
 * @param words the graphs for words
 * @param others makes all others; null where changes are refused and there is no other mode
 * @param first which are opened at once
 */
export async function openTransformerSessions(
  prompts: TransformerGraphs,
  options: SessionOptions,
  others: GraphsOf | null,
  first: Mode,
): Promise<TransformerSessions> {
  const graphsOf = (wanted: Mode, changed: boolean) =>
    others === null || (wanted === 'words' && !changed) ? prompts : others(wanted, changed);
  let opened: Opened | null = await open(graphsOf(first, false), options);
  let mode = first;
  let takesChanges = false;
  return {
    async of(wanted, changes) {
      const changed = takesChanges || (others !== null && Object.keys(changes).length > 0);
      if (opened !== null && wanted === mode && changed === takesChanges) return opened;
      await opened?.dispose();
      opened = null;
      opened = await open(graphsOf(wanted, changed), options);
      mode = wanted;
      takesChanges = changed;
      return opened;
    },
    async dispose() {
      await opened?.dispose();
      opened = null;
    },
  };
}

async function open(graphs: TransformerGraphs, options: SessionOptions): Promise<Opened> {
  const prepare = await openSession(graphs.prepare, options);
  const step = await openSession(graphs.step, options);
  return {
    prepare,
    step,
    inputs: {
      prepare: (changes) => lowRank(graphs.prepare, changes, options.device),
      step: (changes) => lowRank(graphs.step, changes, options.device),
    },
    async dispose() {
      await prepare.dispose();
      await step.dispose();
    },
  };
}

/** What a graph's low-rank inputs are fed: each layer's change or, where there is none, nothing. */
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
