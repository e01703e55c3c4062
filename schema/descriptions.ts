/** Descriptions of the inputs that several requests have. */

export const STEPS = 'Steps of the noise schedule, 1 … 100. Left out: `Model.defaultSteps`.';
export const GUIDANCE =
  'Classifier-free guidance, 0 … 20: pos + g·(pos − neg), 0 is off. (ComfyUI’s cfg is g + 1.) Left out: `Model.defaultGuidance`.';
export const DYNAMIC = 'Whether to scale guidance by how much the prompt asks for, 0.7 … 1.3 times. Left out: false.';
export const NORMALIZATION =
  'The guided prediction may be at most this many times as long as the unguided one, 0 … 10. 0, which is also meant when it is left out, is no limit.';
export const TRUNCATION =
  'No guidance any more once so much of the noise is gone, 0 … 1. 1, which is also meant when it is left out, never ends it.';
export const NEGATIVE =
  'What the image is not to show, at most 32 KiB of text. Only for models with `supportsNegativePrompt`, and in effect where guidance is above 0. Left out: empty.';
export const LORAS =
  'LoRAs to add to the model, 0 … 8 of `Model.loras`, each once; their weights add up. Left out: none.';
export const SEED =
  'Seed of the noise. Left out: a random one, which `Generation.seed` holds; the request then bypasses the result cache.';
export const CACHE = 'Whether the result cache may answer. Left out or null: DEFAULT.';
export const WAIT =
  'Milliseconds to wait for the finished generation, 0 … the server’s WAIT_LIMIT_MS (by default 120000); afterwards it is answered as it is. Left out or 0: answer at once.';
