import type { Member } from '../cluster/program.js';

/** Real workers that come and go, and what they cost. A worker costs from the start of its process to its end. */
export class Workers {
  readonly #start: () => Promise<Member>;
  readonly #present: Promise<Member>[] = [];
  readonly #ended: Promise<void>[] = [];
  #ms = 0;
  /** Most that there were at one time. */
  most = 0;
  /** Starts of a worker. */
  starts = 0;

  constructor(start: () => Promise<Member>) {
    this.#start = start;
  }

  get count(): number {
    return this.#present.length;
  }

  /** Starts what is missing and stops the youngest of what is too much; does not wait for either. */
  scale(to: number): void {
    while (this.#present.length < to) {
      const begun = performance.now();
      const member = this.#start();
      this.#present.push(member);
      this.starts++;
      this.#ended.push(
        member
          .then(({ ended }) => ended)
          .then(
            () => {},
            (error: Error) => console.error(error.message),
          )
          .then(() => {
            this.#ms += performance.now() - begun;
          }),
      );
    }
    while (this.#present.length > to)
      void this.#present
        .pop()!
        .then((member) => member.stop())
        .catch(() => {});
    this.most = Math.max(this.most, to);
  }

  /** Resolves when those that there are can be used. */
  async ready(): Promise<void> {
    await Promise.all(this.#present);
  }

  /** Stops all. @returns seconds of all workers together */
  async stop(): Promise<number> {
    this.scale(0);
    await Promise.all(this.#ended);
    return this.#ms / 1000;
  }
}
