/** Codes that clients decide by and translate, with the parameters of each. A published code keeps its meaning. */
export const problemCodes = {
  INVALID_VALUE: 'A value that this server cannot use, for a reason that has no code of its own.',
  OUT_OF_RANGE: 'A number that is too small or too large. Parameters: `min`, `max`.',
  INVALID_SIZE: 'A width or height that the model cannot make. Parameters: `multipleOf`, `min`, `max`.',
  TOO_MANY_PIXELS: 'Width × height, or an image that was sent, has more pixels than allowed. Parameters: `max`.',
  EMPTY: 'Text that must say something and does not.',
  TOO_LONG: 'Text or a file that is too long. Parameters: `max`, `unit` (BYTES, CHARACTERS or TOKENS).',
  INVALID_TEXT: 'Text that is not valid Unicode.',
  TOO_MANY: 'A list with more entries than allowed. Parameters: `max`.',
  DUPLICATE: 'An entry that the same list names twice.',
  REQUIRED: 'A value that cannot be left out here. Parameters: `with`, what asks for it.',
  CONFLICT: 'Two inputs that exclude each other. Parameters: `with`, the other one.',
  NOT_SUPPORTED: 'The model cannot do that. Parameters: `model`, its catalog name.',
  NOT_ALLOWED: 'This server is set up not to do what was asked for.',
  UNKNOWN_LORA: 'The model lists no such LoRA. Parameters: `model`, `available`.',
  UNUSABLE_LORA: 'The LoRA is listed, but its file cannot be used. Parameters: `fault` (as of UNUSABLE_MODEL).',
  UNREADABLE_IMAGE: 'A file that is no image in PNG, JPEG, WebP, AVIF or GIF, or is damaged.',
  IMAGE_TOO_SMALL: 'An image with a side that is too short. Parameters: `min`, in pixels.',
  IMAGE_TOO_LARGE: 'An image with a side that is too long. Parameters: `max`, in pixels.',
  WRONG_SHAPE: 'An image or mask whose ratio of width to height does not fit.',
  EMPTY_MASK: 'A mask in which nothing is white.',
  OUTSIDE_IMAGE: 'A region that is not inside of the image. Parameters: `width`, `height` of the image.',
  INVALID_ADDRESS: 'An address that is none, or is not one of http or https.',
  ADDRESS_NOT_ALLOWED: 'An address that this server does not fetch from.',
  UNREACHABLE_ADDRESS: 'An address from which no image came.',
  UNUSABLE_MODEL:
    'The model is listed, but cannot be used. Parameters: `fault` (MISSING, DAMAGED, CHANGING, TOO_LARGE or UNSUITABLE).',
  UNUSABLE_FINDER:
    'What finds the regions of a refinement cannot be used: name them. Parameters: `fault` (as of UNUSABLE_MODEL).',
  FILES_CHANGED:
    'Files of the model, or of a LoRA, were replaced before it was finished. Sent again, it is made with what is there.',
  UNKNOWN_MODEL: 'No model is called so. Parameters: `field`, `received`, `available`.',
  QUEUE_FULL: 'More is waiting than this server lets wait. Parameters: `retryAfterMs`.',
  QUEUE_UNAVAILABLE: 'What brings jobs to the engines cannot be reached at the moment. Parameters: `retryAfterMs`.',
  SERVER_STOPPING: 'The server is about to stop and takes no new work. Parameters: `retryAfterMs`.',
  STORAGE_UNAVAILABLE: "The server's disk is full or cannot be written, so that nothing new can be made.",
  NOT_CACHED: 'It was asked for from memory only, and is not there. Parameters: `fingerprint`.',
  NOT_FOUND: 'Nothing has this id. Parameters: `type` (Generation or Image), `id`.',
  ENGINE_LOST: 'The process that computes ended or stopped answering.',
  INTERRUPTED: 'The server ended three times while the generation was waiting or running.',
  DEADLINE_EXCEEDED: 'It took longer than a job may take.',
  NON_FINITE: 'The mathematics produced an infinity or a not-a-number. Parameters: `step`.',
  OUT_OF_MEMORY: 'The machine had no memory left for it; a smaller image needs less.',
  SOURCE_GONE: 'The image to be changed had to make room before its turn came.',
  FAILED: 'An unexpected failure, which the server has logged.',
} as const;

export type ProblemCode = keyof typeof problemCodes;
/** HTTP statuses: https://www.rfc-editor.org/rfc/rfc9110#name-status-codes */
export const problemStatus: Readonly<Record<ProblemCode, number>> = {
  INVALID_VALUE: 400,
  OUT_OF_RANGE: 400,
  INVALID_SIZE: 400,
  TOO_MANY_PIXELS: 400,
  EMPTY: 400,
  TOO_LONG: 400,
  INVALID_TEXT: 400,
  TOO_MANY: 400,
  DUPLICATE: 400,
  REQUIRED: 400,
  CONFLICT: 400,
  NOT_SUPPORTED: 400,
  NOT_ALLOWED: 403,
  UNKNOWN_LORA: 404,
  UNUSABLE_LORA: 503,
  UNREADABLE_IMAGE: 400,
  IMAGE_TOO_SMALL: 400,
  IMAGE_TOO_LARGE: 400,
  WRONG_SHAPE: 400,
  EMPTY_MASK: 400,
  OUTSIDE_IMAGE: 400,
  INVALID_ADDRESS: 400,
  ADDRESS_NOT_ALLOWED: 403,
  UNREACHABLE_ADDRESS: 502,
  UNUSABLE_MODEL: 503,
  UNUSABLE_FINDER: 503,
  FILES_CHANGED: 409,
  UNKNOWN_MODEL: 404,
  QUEUE_FULL: 429,
  QUEUE_UNAVAILABLE: 503,
  SERVER_STOPPING: 503,
  STORAGE_UNAVAILABLE: 503,
  NOT_CACHED: 404,
  NOT_FOUND: 404,
  ENGINE_LOST: 503,
  INTERRUPTED: 503,
  DEADLINE_EXCEEDED: 504,
  NON_FINITE: 500,
  OUT_OF_MEMORY: 503,
  SOURCE_GONE: 410,
  FAILED: 500,
};

export type ProblemParameters = Readonly<Record<string, string | number>>;

/** What a refusal says beside its sentence. */
export interface ProblemDetails {
  readonly code: ProblemCode;
  readonly parameters?: ProblemParameters;
  /** Whether the same request may succeed later: a fault of another system that passes. */
  readonly retryable?: boolean | undefined;
}
