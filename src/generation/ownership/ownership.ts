/** What a process that owns a generation from now on must know of it. */
export interface Claim {
  /** A client cancelled it while another process owned it. */
  readonly cancelled: boolean;
  /** Its owner ended in order, and was not what ended it. */
  readonly handedOver: boolean;
}

export interface OwnershipEvents {
  /** A client wants an own generation cancelled. */
  readonly onCancel: (id: string) => void;
  /** Another process has taken an own generation over: nothing more may be written. */
  readonly onLost: (id: string) => void;
  /** Another process has ended in order, and handed a generation over to the first that claims it. */
  readonly onHandedOver: (id: string) => void;
}

/** A generation has one owner: the process that follows its jobs and writes its log. When that process ends, another can take it over. */
export interface Ownership {
  /** Null where all generations belong to this process; else the time after which a silent owner has lost its own. */
  readonly leaseMs: number | null;
  listen(events: OwnershipEvents): void;
  /** Null where another process owns it. */
  claim(id: string): Promise<Claim | null>;
  /** Whether it is still this process that owns it. */
  holds(id: string): Promise<boolean>;
  /** It has ended, or goes on elsewhere. */
  release(id: string, options?: { readonly handOver?: boolean }): Promise<void>;
  /** Those that no process owns. */
  ownerless(ids: readonly string[]): Promise<readonly string[]>;
  /** Asks the owner, whichever process that is or will be, to cancel. */
  requestCancel(id: string): Promise<void>;
  close(): Promise<void>;
}
