// A program with an engine, for a test that ends it: tells the engine's process id, and stays.
import { createEngine } from '../../src/engine/process/host.js';

const engine = createEngine({
  catalog: [],
  device: 'cpu',
  memoryBudgetBytes: 2 ** 30,
  promptCacheBytes: 2 ** 24,
  maxBatch: null,
  threads: 1,
  watchdogMs: 20_000,
  log: { info() {}, warn() {} },
});
await engine.ready();
process.send?.(engine.pid);
setInterval(() => {}, 1000);
