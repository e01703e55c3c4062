// The entry of the engine's process: one device, one job at a time, answers in messages. `supervisor.ts` starts it.
import { openFaceDetector } from '../image/faces.js';
import { tryDevice } from '../runtime/session.js';
import { startDevice } from './device.js';
import { JobRunner, type Outbox } from './job-runner.js';
import type { FromProcess, ToProcess } from './messages.js';

/** Silence after which the host is told that this process lives. */
const SILENCE_MS = 100;

/** The channel to the host, which takes any message for a sign of life. */
class HostChannel implements Outbox {
  #sentAt = 0;

  send(message: FromProcess): void {
    this.#sentAt = performance.now();
    process.send?.(message);
  }

  showLife(): void {
    if (performance.now() - this.#sentAt > SILENCE_MS) this.send({ type: 'alive' });
  }
}

// Ctrl-C and a service manager's stop reach the whole group, and the server decides when its engine ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The server is gone, however it went.
process.on('disconnect', () => process.exit(0));
process.once('message', async (message: ToProcess) => {
  if (message.type !== 'start') return;
  const { settings } = message;
  const channel = new HostChannel();
  try {
    const choice = await startDevice(settings.device, tryDevice);
    const { faceDetector, threads } = settings;
    const faces = faceDetector === undefined ? null : await openFaceDetector(faceDetector, threads);
    const runner = new JobRunner(settings, choice.device, faces, channel);
    process.on('message', (next: ToProcess) => runner.receive(next));
    channel.send({ type: 'ready', choice });
  } catch (error) {
    process.send?.({ type: 'refused', message: (error as Error).message } satisfies FromProcess, () => process.exit(1));
  }
});
