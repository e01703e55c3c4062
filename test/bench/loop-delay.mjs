// Loaded into the server with `node --import`: measures how late its event loop is, and answers when the bench asks over IPC.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const histogram = monitorEventLoopDelay({ resolution: 1 });
histogram.enable();
process.on('message', (message) => {
  if (message === 'loop-delay:reset') histogram.reset();
  // A delay is noted by the timer that comes after it.
  if (message === 'loop-delay:read') setTimeout(read, 20);
});

function read() {
  process.send?.({
    p50: histogram.percentile(50) / 1e6,
    p99: histogram.percentile(99) / 1e6,
    max: histogram.max / 1e6,
  });
}

process.channel?.unref();
