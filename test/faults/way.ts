import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on the loopback interface that can be cut, as a network is. */
export interface Way {
  readonly port: number;
  /** Nothing passes, and nothing is told: connections stay open. */
  cut(): void;
  /** Connections that were cut are closed; new ones pass. */
  mend(): void;
  close(): Promise<void>;
}

export async function startWay(target: { readonly host: string; readonly port: number }): Promise<Way> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((incoming) => {
    const outgoing = connect(target.port, target.host);
    for (const socket of [incoming, outgoing]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => open.delete(socket));
      if (isCut) socket.pause();
    }
    incoming.once('close', () => outgoing.destroy());
    outgoing.once('close', () => incoming.destroy());
    incoming.pipe(outgoing);
    outgoing.pipe(incoming);
    if (isCut) for (const socket of [incoming, outgoing]) socket.unpipe();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      isCut = true;
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    mend() {
      isCut = false;
      for (const socket of open) socket.destroy();
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
