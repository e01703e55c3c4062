/** What is said of the inputs that several requests have. */

export const STEPS = "1 … 100; left out, the model's own.";
export const GUIDANCE = 'How strongly to follow the prompt: pos + g·(pos − neg), 0 is off. (ComfyUI’s cfg is g + 1.)';
export const DYNAMIC = 'Scale guidance by how much the prompt asks for, 0.7 … 1.3 times.';
export const NORMALIZATION =
  'The guided prediction may be at most this many times as long as the unguided one, 0 … 10. 0, which is also meant when it is left out, is no limit.';
export const TRUNCATION =
  'No guidance any more once so much of the noise is gone, 0 … 1. 1, which is also meant when it is left out, never ends it.';
export const NEGATIVE = 'What not to draw, for models with guidance.';
export const LORAS = 'Additions to the model, of those that it lists; their changes add up.';
export const SEED = 'Left out, one is drawn and reported; then nothing is answered from memory.';
export const CACHE = 'Whether a remembered picture may answer.';
export const WAIT = 'Answer when finished, or after that many milliseconds. 0 answers at once.';
