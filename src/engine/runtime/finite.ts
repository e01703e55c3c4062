import { NonFinite } from '../problems.js';
import { allFinite, type Tensor } from './tensor.js';

/**
 * The values, all of them finite.
 *
 * @param step as in NonFinite
 * @param what completes the sentence "… held an infinity or a not-a-number"
 * @throws NonFinite
 */
export function requireFinite(values: Tensor, step: number, what: string): Tensor {
  if (allFinite(values)) return values;
  throw new NonFinite(`${what} held an infinity or a not-a-number, so no image can come of it.`, step);
}
