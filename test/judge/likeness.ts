/**
 * The share of letters that two texts have in common in their order, of the longer one's: 0 … 1. In common is what Ratcliff and
 * Obershelp find: the longest common part, and again what lies before it and after it.
 *
 * @see https://docs.python.org/3/library/difflib.html#difflib.SequenceMatcher
 */
export function likeness(wanted: string, seen: string): number {
  const [a, b] = [[...wanted], [...seen]];
  return common(a, b) / Math.max(a.length, b.length);
}

function common(a: readonly string[], b: readonly string[]): number {
  const { start, at, length } = longestPart(a, b);
  if (length === 0) return 0;
  const before = common(a.slice(0, start), b.slice(0, at));
  return before + length + common(a.slice(start + length), b.slice(at + length));
}

/** Of several as long, the one that begins first in a, then in b. */
function longestPart(a: readonly string[], b: readonly string[]) {
  let best = { start: 0, at: 0, length: 0 };
  for (let start = 0; start < a.length; start++)
    for (let at = 0; at < b.length; at++) {
      let length = 0;
      while (start + length < a.length && at + length < b.length && a[start + length] === b[at + length]) length++;
      if (length > best.length) best = { start, at, length };
    }
  return best;
}
