/** An upload whose bytes found no room beside those of others. For the client, whoever reads the body. */
export class UploadsBusy extends Error {
  override readonly name = 'UploadsBusy';
  constructor() {
    super('Expected fewer uploads at once but received one more than there is memory for. Try again in 1 s.');
  }
}

export interface Upload {
  /** Counts bytes that came. Where there is no room for them, the slowest of the others is let go. @throws UploadsBusy where none is slower */
  take(bytes: number): void;
  /** Rejects with UploadsBusy when it is let go for another; never resolves. */
  readonly letGo: Promise<never>;
  /** All of it is here: it waits for nobody but us, and is not let go any more. */
  whole(): void;
  /** Gives its bytes back. */
  end(): void;
}

interface Entry {
  readonly since: number;
  bytes: number;
  whole: boolean;
  readonly letGo: (reason: UploadsBusy) => void;
}

/** How long an upload may be the slowest: what has just begun has no speed yet. */
const youngMs = 2000;

/**
 * Memory that all uploads share, whatever each says that it will bring. Those who send nothing, or as good as nothing, hold only what
 * nobody else needs.
 */
export class UploadBudget {
  #free: number;
  readonly #now: () => number;
  readonly #uploads = new Set<Entry>();

  /** @param now milliseconds */
  constructor(bytes: number, now: () => number = () => performance.now()) {
    this.#free = bytes;
    this.#now = now;
  }

  begin(): Upload {
    let letGo: Entry['letGo'] = () => {};
    const gone = new Promise<never>((_, reject) => {
      letGo = reject;
    });
    // Whoever reads it hears of it; where nobody does any more, it has come to its end.
    gone.catch(() => {});
    const upload: Entry = { since: this.#now(), bytes: 0, whole: false, letGo };
    this.#uploads.add(upload);
    return {
      take: (bytes) => this.#take(upload, bytes),
      letGo: gone,
      whole: () => {
        upload.whole = true;
      },
      end: () => this.#end(upload),
    };
  }

  #take(upload: Entry, bytes: number): void {
    // It was let go while these were on their way.
    if (!this.#uploads.has(upload)) throw new UploadsBusy();
    while (bytes > this.#free) {
      const slowest = this.#slowestBut(upload, bytes);
      if (slowest === undefined) {
        this.#end(upload);
        throw new UploadsBusy();
      }
      this.#end(slowest);
      slowest.letGo(new UploadsBusy());
    }
    this.#free -= bytes;
    upload.bytes += bytes;
  }

  #slowestBut(upload: Entry, coming: number): Entry | undefined {
    const now = this.#now();
    const speed = ({ bytes, since }: Omit<Entry, 'letGo' | 'whole'>) => bytes / Math.max(1, now - since);
    const others = [...this.#uploads].filter(
      (other) => !other.whole && other !== upload && now - other.since >= youngMs,
    );
    const slowest = others.sort((a, b) => speed(a) - speed(b))[0];
    return slowest !== undefined && speed(slowest) <= speed({ since: upload.since, bytes: upload.bytes + coming })
      ? slowest
      : undefined;
  }

  #end(upload: Entry): void {
    if (this.#uploads.delete(upload)) this.#free += upload.bytes;
  }
}
