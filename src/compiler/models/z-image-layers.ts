import { readLowRank } from '../../checkpoint/lora/lora.js';
import type { LinearShapes } from '../../checkpoint/lora/names.js';
import * as omni from './z-image-omni.js';
import * as basic from './z-image-transformer.js';

/** [out, in] of the transformer's linear layers in basic and omni mode, which are what a LoRA may change. @throws CheckpointError */
export function linearShapes(location: string): LinearShapes {
  const options = { target: 'cpu', loras: true } as const;
  const inBasic = basic.build(location, options);
  const inOmni = omni.build(location, { ...options, siglip: inBasic.config.siglipDim !== null });
  const shapes = new Map<string, readonly [number, number]>();
  const graphs = [inBasic.prepare, inBasic.step, inOmni.prepare, inOmni.step];
  const inputs = new Map(graphs.flatMap((graph) => graph.inputs.map(({ name, shape }) => [name, shape])));
  for (const [name, shape] of inputs) {
    if (!name.endsWith('.lora_A')) continue;
    const layer = name.slice(0, -'.lora_A'.length);
    shapes.set(layer, [inputs.get(`${layer}.lora_B`)![0] as number, shape[1] as number]);
  }
  return shapes;
}

/**
 * Whether a LoRA's file fits a transformer: reads headers only.
 *
 * @param name what complaints call the LoRA; left out, its file
 * @throws CheckpointError that names the tensor, what was expected and what was received
 */
export function checkLora(location: string, file: string, name = file): void {
  readLowRank(file, linearShapes(location), name);
}
