import type { builder } from './builder.js';
import { DYNAMIC, GUIDANCE, LORAS, NORMALIZATION, SEED, STEPS, TRUNCATION } from './descriptions.js';
import { LoraInput } from './lora.js';

/** `t` of an input type's fields. */
type InputFields = Parameters<Parameters<typeof builder.inputType>[1]['fields']>[0];

/** What an input says of sampling, beside its prompt. A new field is one line here, one in the request reader and one in the pipeline. */
export const samplingFields = (t: InputFields) => ({
  steps: t.int({ description: STEPS }),
  guidance: t.float({ description: GUIDANCE }),
  dynamicGuidance: t.boolean({ description: DYNAMIC }),
  guidanceNormalization: t.float({ description: NORMALIZATION }),
  guidanceTruncation: t.float({ description: TRUNCATION }),
  loras: t.field({ type: [LoraInput], description: LORAS }),
  seed: t.field({ type: 'Seed', description: SEED }),
});
