/** What a connection that fails in passing says of itself: the other side, the way there or the names' server had a bad moment. */
const passingCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

/** Whether asking again later may help. Unknown names, certificates and broken answers stay as they are. */
export function isPassing(error: unknown): boolean {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  // Of several addresses that were tried: one that may come back is enough.
  if (Array.isArray(errors) && errors.some(isPassing)) return true;
  return typeof code === 'string' && passingCodes.has(code);
}

/** Whether an answer of this status may be another later: too slow, too early, too many, or a fault of the server. */
export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}
