/** Something that takes memory until it is disposed of. */
export interface Resident {
  dispose(): Promise<void>;
}

/** What can be brought into memory. */
export interface Source<T extends Resident> {
  /** Of which files it is made, and how: two sources of one key are one resident. */
  readonly key: string;
  /** For people: `the transformer`. */
  readonly name: string;
  /** What it takes beside its working memory, in bytes: while it is there, and at most while it is being opened. */
  readonly memory: { readonly loaded: number; readonly loading: number };
  open(): Promise<T>;
}

/** A component's place in memory: it is opened when it is first needed, and closed when others need the memory. */
export interface Slot<T extends Resident> extends Source<T> {
  readonly inMemory: boolean;
  /**
   * Does something with the component, which stays until that is done.
   *
   * @param workingBytes what the work needs beside it. The component keeps this much when it is done, as ONNX Runtime does.
   */
  use<R>(work: (component: T) => Promise<R>, workingBytes?: number): Promise<R>;
}

/** The budget is less than something needs that cannot be divided. The message says how much that is. */
export class TooLittleMemory extends Error {
  override readonly name = 'TooLittleMemory';
  readonly fault = 'too large';
}

/** A component and what it is going to need to work. */
export interface Need {
  readonly slot: Slot<Resident>;
  readonly workingBytes: number;
}

interface Held {
  readonly resident: Promise<Resident>;
  readonly bytes: number;
  workingBytes: number;
  users: number;
}

/** The components in memory, each once. Before one more is opened, the least recently used are closed until it fits the budget. */
export class Residency {
  /** In order of use, the latest last. */
  readonly #held = new Map<string, Held>();

  /** @param budgetBytes that components and their working memory may take together */
  constructor(readonly budgetBytes: number) {}

  slot<T extends Resident>(source: Source<T>): Slot<T> {
    const held = this.#held;
    return {
      ...source,
      get inMemory() {
        return held.has(source.key);
      },
      use: (work, workingBytes = 0) => this.#use(source, work, workingBytes),
    };
  }

  /**
   * Opens all of them, one after the other, if they fit into memory at once; if not, each is opened when it is used.
   *
   * @param needs the components, with the working memory that they are going to need
   * @param throwIfAborted called between components; may throw, and so stop the opening
   * @throws TooLittleMemory when one alone is larger than the budget
   */
  async hold(needs: readonly Need[], throwIfAborted: () => Promise<void>): Promise<void> {
    const [largest] = [...needs].sort((a, b) => peak(b.slot, b.workingBytes) - peak(a.slot, a.workingBytes));
    if (largest !== undefined) this.#requireRoom(largest.slot.name, peak(largest.slot, largest.workingBytes));
    const distinct = new Map(needs.map(({ slot, workingBytes }) => [slot.key, slot.memory.loaded + workingBytes]));
    if ([...distinct.values()].reduce((a, b) => a + b) > this.budgetBytes) return;
    for (const { slot } of needs) {
      await slot.use(async () => {});
      await throwIfAborted();
    }
  }

  /** Takes a component out of memory; nothing happens when it is not there. */
  async release({ key }: { readonly key: string }): Promise<void> {
    const held = this.#held.get(key);
    this.#held.delete(key);
    await (await held?.resident)?.dispose();
  }

  async #use<T extends Resident, R>(source: Source<T>, work: (it: T) => Promise<R>, workingBytes: number): Promise<R> {
    const held = await this.#hold(source, workingBytes);
    held.users++;
    try {
      return await work((await held.resident) as T);
    } finally {
      held.users--;
    }
  }

  async #hold(source: Source<Resident>, workingBytes: number): Promise<Held> {
    const { key, name, memory, open } = source;
    const known = this.#held.get(key);
    const working = Math.max(known?.workingBytes ?? 0, workingBytes);
    const room = known === undefined ? peak(source, working) : memory.loaded + working;
    this.#requireRoom(name, room);
    // Deleted and set again, it is the one used last.
    this.#held.delete(key);
    await this.#makeRoom(room);
    const held = known ?? { resident: open(), bytes: memory.loaded, workingBytes: 0, users: 0 };
    held.workingBytes = working;
    this.#held.set(key, held);
    try {
      await held.resident;
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
    return held;
  }

  #requireRoom(name: string, bytes: number): void {
    if (bytes <= this.budgetBytes) return;
    throw new TooLittleMemory(
      `Expected an ENGINE_MEMORY of at least ${Math.ceil(bytes)} bytes, which ${name} needs, but received ${this.budgetBytes}.`,
    );
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const [key, { users }] of this.#held) {
      if (this.#taken() + bytes <= this.budgetBytes) return;
      if (users === 0) await this.release({ key });
    }
  }

  #taken(): number {
    return [...this.#held.values()].reduce((sum, held) => sum + held.bytes + held.workingBytes, 0);
  }
}

/** What a component takes at most, from its opening on. */
function peak({ memory }: Source<Resident>, workingBytes: number): number {
  return Math.max(memory.loading, memory.loaded + workingBytes);
}
