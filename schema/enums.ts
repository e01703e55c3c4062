import { builder } from './builder.js';

export const Operation = builder.enumType('Operation', {
  description: 'The kinds of work that a model does.',
  values: {
    GENERATE: { description: 'Text to image: an image from a prompt alone.' },
    EDIT: { description: 'Image to image, inpainting or instruction: an image from an image and a prompt.' },
    REFINE: { description: 'A short second pass over regions of an image, which improves them.' },
  } as const,
});

export const EditMode = builder.enumType('EditMode', {
  description: 'The ways in which a model edits an image.',
  values: {
    INPAINT: { description: 'Repaints what a mask marks; every other pixel stays.' },
    STRENGTH: { description: 'Image to image: starts from the source under noise, as strongly as `strength` says.' },
    INSTRUCTION: { description: 'Follows an instruction, conditioned on the source image.' },
  } as const,
});

export const GenerationStatus = builder.enumType('GenerationStatus', {
  description: 'How far a generation has come; SUCCEEDED, FAILED and CANCELLED are its ends.',
  values: {
    QUEUED: { description: 'It waits for an engine; `queuePosition` says behind how many.' },
    RUNNING: { description: 'An engine works on at least one of its images.' },
    SUCCEEDED: { description: 'It has ended, and all its images are there.' },
    FAILED: { description: 'It has ended without all its images; `problem` says why.' },
    CANCELLED: { description: 'It was cancelled, or its caller disconnected before it received the id.' },
  } as const,
});

export const CacheOutcome = builder.enumType('CacheOutcome', {
  description: 'What the result cache did for a generation.',
  values: {
    HIT: { description: 'Cache hit: all images were in the result cache, and no model ran.' },
    SHARED: {
      description:
        'Coalesced with a running request: each image that was not in the result cache was already being made for another request.',
    },
    MISS: { description: 'Cache miss: at least one image was made for this request.' },
  } as const,
});

export const CachePolicy = builder.enumType('CachePolicy', {
  description: 'Whether the result cache may answer a request.',
  values: {
    DEFAULT: { description: 'Reads the result cache when the request has a seed; a random seed bypasses it.' },
    REFRESH: { description: 'Makes the images again, and replaces those in the result cache.' },
    ONLY: { description: 'Answers from the result cache alone, or with the problem NotCached. Needs a seed.' },
  } as const,
});

export const Stage = builder.enumType('Stage', {
  description: 'The parts of a generation that are timed, in the order in which they happen.',
  values: {
    LOAD: { description: 'Reading and compiling the model into memory; left out where it is there.' },
    ENCODE_PROMPT: { description: 'The prompt and the negative prompt, through the text encoder.' },
    ENCODE_IMAGE: { description: 'The source image, through the encoder of the autoencoder.' },
    DENOISE: { description: 'The steps of the diffusion model: most of the time.' },
    DECODE: { description: 'The finished latents, through the decoder of the autoencoder.' },
    ENCODE_OUTPUT: { description: 'Encoding and storing the image file.' },
  } as const,
});

export const ImageFormat = builder.enumType('ImageFormat', {
  description: 'File formats in which an image can be fetched.',
  values: {
    AUTO: {
      description:
        'WebP where the client accepts it, else PNG or JPEG; AVIF only when asked for by name, it is slow to make.',
    },
    PNG: { description: 'PNG: lossless, the largest, with the recipe in it.' },
    JPEG: { description: 'JPEG: lossy, for programs that read neither WebP nor AVIF.' },
    WEBP: { description: 'WebP: small, and quick to make.' },
    AVIF: { description: 'AVIF: the smallest; takes a second or more to make the first time.' },
  } as const,
});
