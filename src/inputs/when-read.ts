/** What is to happen when the bytes of an upload are needed no more, by the upload. Whoever sends one says so, whoever reads it does it. */
export const whenRead = new WeakMap<Blob, () => void>();
