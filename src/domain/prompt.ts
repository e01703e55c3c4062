/** What an image is to show. Requests, jobs and recipes refer to it as one value. */
export interface Prompt {
  /** In Unicode's NFC. */
  readonly text: string;
  /** What the image is not to show, in NFC; empty where guidance is off, because no model reads it then. */
  readonly negative: string;
}

/** Length of a prompt in tokens of a model, its chat template included. */
export interface TokenCount {
  /** Before truncation. */
  readonly tokens: number;
  /** Whether the model reads less than all of them. */
  readonly truncated: boolean;
}
