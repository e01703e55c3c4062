// Loaded into the server with `node --import`: measures how late its event loop is, and answers when the bench asks over IPC.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

// The engine's process and threads get Node's arguments too, and their messages are their own.
if (isMainThread && process.argv[1]?.endsWith('cli.js')) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const read = () =>
    process.send?.({
      p50: histogram.percentile(50) / 1e6,
      p99: histogram.percentile(99) / 1e6,
      max: histogram.max / 1e6,
    });
  process.on('message', (message) => {
    if (message === 'loop-delay:reset') histogram.reset();
    // A delay is noted by the timer that comes after it.
    if (message === 'loop-delay:read') setTimeout(read, 20);
  });
  process.channel?.unref();
}
