/** A store cannot be used at the start. The message is one sentence for the operator. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}
