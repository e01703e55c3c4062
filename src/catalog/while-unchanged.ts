/** What is known about files until they change. */
export class WhileUnchanged<T> {
  #version = '';
  #found: Promise<T> | null = null;

  /** @param version of the files now */
  of(version: string, find: () => Promise<T>): Promise<T> {
    if (version === this.#version && this.#found !== null) return this.#found;
    const finding = find();
    this.set(version, finding);
    // What failed is tried again.
    finding.catch(() => {
      if (this.#found === finding) this.#found = null;
    });
    return finding;
  }

  set(version: string, found: Promise<T>): void {
    this.#version = version;
    this.#found = found;
  }
}
