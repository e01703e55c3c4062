import type { PictureOrder } from './picture-order.js';
import type { Picture } from './store/generation-store.js';
import type { Generation } from './types.js';

/** One picture of a generation, as far as it has come. */
export interface PictureState {
  readonly order: PictureOrder;
  picture: Picture | null;
  step: number;
  totalSteps: number;
  /** Jobs that wait before its own; null while it does not wait. */
  position: number | null;
}

/** What a generation says of its pictures together. */
export function sums(pictures: readonly PictureState[]): Pick<Generation, 'step' | 'totalSteps' | 'imageIds'> {
  const sum = (of: (state: PictureState) => number) => pictures.reduce((total, state) => total + of(state), 0);
  return {
    step: sum(({ step }) => step),
    totalSteps: sum(({ totalSteps }) => totalSteps),
    imageIds: pictures.flatMap(({ picture }) => (picture === null ? [] : [picture.id])),
  };
}

/** The place of the picture that is served first; null when none waits. */
export function queuePosition(pictures: readonly PictureState[]): number | null {
  const waiting = pictures.flatMap(({ position }) => (position === null ? [] : [position]));
  return waiting.length === 0 ? null : Math.min(...waiting);
}
