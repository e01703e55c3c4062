/** A refusal that only render addresses have. The sentence is for people, the code for programs. */
export class RenderRefused extends Error {
  override readonly name = 'RenderRefused';
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
    /** Seconds after which the same request may succeed; null where it never will. */
    readonly retryAfter: number | null = null,
  ) {
    super(sentence);
  }
}
