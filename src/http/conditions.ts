/** If-None-Match, which compares weakly. https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match */
export function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
