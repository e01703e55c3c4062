import { Room } from '../environment/room.js';

/** Places for what is fetched: so many in all, and fewer for each host, so that one that never answers holds up nobody else's. */
export class Places {
  readonly #all: Room;
  readonly #perHost: number;
  readonly #hosts = new Map<string, { readonly room: Room; users: number }>();

  constructor({ inAll, perHost }: { readonly inAll: number; readonly perHost: number }) {
    this.#all = new Room(inAll);
    this.#perHost = perHost;
  }

  /** Runs `work` when the host has a place, and then there is one at all. @throws the signal's reason when it ends the wait */
  async run<T>(host: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const own = this.#hosts.get(host) ?? { room: new Room(this.#perHost), users: 0 };
    this.#hosts.set(host, own);
    own.users++;
    try {
      return await own.room.run(() => this.#all.run(work, signal), signal);
    } finally {
      if (--own.users === 0) this.#hosts.delete(host);
    }
  }
}
