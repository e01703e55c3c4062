import type { Settings } from '../config.js';
import { EngineProblem } from '../engine/problems.js';
import { createLog, serve } from '../main.js';

/** `inkstone serve`: runs until it is told to stop. */
export async function serveCommand(settings: Settings): Promise<void> {
  const started = performance.now();
  const running = await serve(settings, createLog(settings.server.LOG_LEVEL));
  const { listening, workshop, drawnKey } = running;
  stopOnSignal(() => running.close());

  console.log(`Inkstone listens on ${listening.url}`);
  console.log(`  page      ${listening.url}/`);
  console.log(`  GraphQL   ${listening.url}/graphql`);
  console.log(`  device    ${workshop.device.device}: ${workshop.device.reason}`);
  if (drawnKey !== null) console.log(`  key       ${drawnKey}   (drawn for this run; set ACCESS_KEY to choose one)`);
  try {
    await workshop.warm;
  } catch (error) {
    // An engine that was lost comes back and loads the model again; what is wrong with a model stays wrong.
    if (error instanceof EngineProblem) return;
    await running.close();
    throw error;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`Ready in ${seconds} s with the model ${workshop.models[0]?.id}.`);
}

/** The first signal stops gracefully, a second one at once. */
function stopOnSignal(close: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      console.log('Stopping …');
      close().then(
        () => process.exit(0),
        (error) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
  }
}
