import type { Publication, PublishedModel } from '../../domain/published-model.js';

/** The models that a fleet has, as those that have the files told them. */
export interface ModelStore {
  /** It holds until another is published of the same model. */
  publish(model: PublishedModel, at: number): Promise<void>;
  /** Its publisher is still there. */
  see(model: PublishedModel, at: number): Promise<void>;
  /** All that are known; of each model the newest first. */
  publications(): Promise<readonly Publication[]>;
  /** The model is offered no more. Whether it was. */
  retire(id: string): Promise<boolean>;
}
