/** Called when the bytes of an upload are needed no more: the HTTP server sets it, the reader of the upload calls it. */
export const whenRead = new WeakMap<Blob, () => void>();
