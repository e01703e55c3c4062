/** No room for what was to be written. */
const full = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
/** Nothing can be written, however little: mounted read-only, taken away, worn out, or without a descriptor left to do it with. */
const unwritable = new Set([
  'EROFS',
  'EIO',
  'EFBIG',
  'EACCES',
  'EPERM',
  'ENODEV',
  'ENXIO',
  'ESTALE',
  'EMFILE',
  'ENFILE',
]);
const unwritableRecords = /^SQLITE_(READONLY|IOERR|CANTOPEN|PERM)/;

/** The thread that owns the records is no more. */
export const RECORDS_ENDED = 'RECORDS_ENDED';

/** Whether images that leave would make it possible. SQLite takes a failed write for a broken disk. */
export function isFull(error: unknown): boolean {
  const code = codeOf(error);
  return full.has(code) || /^SQLITE_IOERR_(WRITE|FSYNC|TRUNCATE)/.test(code);
}

/** Whether an error says that the disk, not the work, is at fault. */
export function isOfTheDisk(error: unknown): boolean {
  const code = codeOf(error);
  return full.has(code) || unwritable.has(code) || unwritableRecords.test(code) || code === RECORDS_ENDED;
}

/** Whether the records have pages that cannot be right. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
