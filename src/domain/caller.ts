/** Who asks: every use case runs on behalf of one. */
export interface Caller {
  /** Whose generations the caller starts, reads and cancels; those of other tenants do not exist for it. */
  readonly tenant: string;
  /** What its key allows; empty without keys. */
  readonly scopes: readonly string[];
}

/** All callers of a server without keys, and of the commands. */
export const anonymous: Caller = { tenant: 'anonymous', scopes: [] };
