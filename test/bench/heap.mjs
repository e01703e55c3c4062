// Loaded into the server with `node --expose-gc --import`: tells what is left of its memory after a collection, when it is asked over IPC.
import { isMainThread } from 'node:worker_threads';

// The engine's process and threads get Node's arguments too, and their messages are their own.
if (isMainThread && process.argv[1]?.endsWith('cli.js')) {
  process.on('message', (message) => {
    if (message !== 'heap:read') return;
    // Twice, because what finalisers let go is collected by the next.
    globalThis.gc();
    globalThis.gc();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    process.send?.({ heapUsed, external, arrayBuffers });
  });
  process.channel?.unref();
}
