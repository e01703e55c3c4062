/** Every change of a position near the head; further back only sizeable ones, so that a long queue is not told about at every move. */
export function worthTelling(told: number, position: number): boolean {
  return told < 0 || told - position > (position < 32 ? 0 : position / 16);
}
