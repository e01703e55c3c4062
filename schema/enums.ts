import { builder } from './builder.js';

export const Operation = builder.enumType('Operation', {
  description: 'The kinds of work.',
  values: {
    GENERATE: { description: 'A picture from words.' },
    EDIT: { description: 'A picture from a picture and words.' },
    REFINE: { description: 'A short second pass that improves regions of a picture.' },
  } as const,
});

export const EditMode = builder.enumType('EditMode', {
  description: 'The ways in which a model edits.',
  values: {
    INPAINT: { description: 'Repaints what a mask marks.' },
    STRENGTH: { description: 'Starts from the noised source.' },
    INSTRUCTION: { description: 'Follows words alone.' },
  } as const,
});

export const GenerationStatus = builder.enumType('GenerationStatus', {
  description: 'How far a generation has come.',
  values: {
    QUEUED: { description: 'Waits for an engine.' },
    RUNNING: { description: 'An engine works on it.' },
    SUCCEEDED: { description: 'All its pictures are there.' },
    FAILED: { description: 'It ended without its pictures; `problem` says why.' },
    CANCELLED: { description: 'It was cancelled, or its caller left before it was told the id.' },
  } as const,
});

export const CacheOutcome = builder.enumType('CacheOutcome', {
  description: 'How the result came about.',
  values: {
    HIT: { description: 'All pictures were remembered.' },
    SHARED: { description: 'The pictures that were not remembered were already being made for somebody else.' },
    MISS: { description: 'At least one picture was made for this request.' },
  } as const,
});

export const CachePolicy = builder.enumType('CachePolicy', {
  description: 'Whether a remembered picture may answer a request.',
  values: {
    DEFAULT: { description: 'Reuse when the seed is fixed; never when it was drawn.' },
    REFRESH: { description: 'Make it anew and replace what is remembered.' },
    ONLY: { description: 'Only from memory, else NotCached.' },
  } as const,
});

export const Stage = builder.enumType('Stage', {
  description: 'The parts of a generation that are timed.',
  values: {
    LOAD: { description: 'Bringing the model into memory.' },
    ENCODE_PROMPT: { description: 'The words, through the text encoder.' },
    ENCODE_IMAGE: { description: 'The source picture, through the autoencoder.' },
    DENOISE: { description: 'The forwards of the diffusion model.' },
    DECODE: { description: 'The result, through the autoencoder.' },
    ENCODE_OUTPUT: { description: 'Writing the picture file.' },
  } as const,
});

export const ImageFormat = builder.enumType('ImageFormat', {
  description: 'File formats of pictures.',
  values: {
    AUTO: {
      description:
        'WebP where the client accepts it, else PNG or JPEG; AVIF only when asked for by name, it is slow to make.',
    },
    PNG: { description: 'Lossless.' },
    JPEG: { description: 'For programs that know nothing else.' },
    WEBP: { description: 'Small, and quick to make.' },
    AVIF: { description: 'Smallest; takes a second or more to make the first time.' },
  } as const,
});
