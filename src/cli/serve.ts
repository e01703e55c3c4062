import type { Settings } from '../app/config.js';
import { createLog } from '../app/local.js';
import { serve } from '../app/serve.js';
import { EngineProblem } from '../engine/problems.js';
import { stopOnSignal } from './stop-on-signal.js';

/** The first image comes first: looking at all other models takes about as long. */
const INSPECTION_AFTER_MS = 2000;

/** `inkstone serve`: runs until it is told to stop. */
export async function serveCommand(
  settings: Settings,
  { json = false, engine = true }: { readonly json?: boolean; readonly engine?: boolean },
): Promise<void> {
  const started = performance.now();
  const running = await serve(settings, createLog(settings.http.LOG_LEVEL), { engine });
  const { listening, app, generatedKey } = running;
  // With --json standard output carries that one line.
  const say = json ? () => {} : console.log;
  stopOnSignal(() => running.close(), say);

  say(`Inkstone listens on ${listening.url}`);
  say(`  page      ${listening.url}/`);
  say(`  GraphQL   ${listening.url}/graphql`);
  const { device, reason } = app.device ?? { device: 'none', reason: 'Workers make the images.' };
  say(`  device    ${device}: ${reason}`);
  if (generatedKey !== null) say(`  key       ${generatedKey}   (drawn for this run; set ACCESS_KEY to choose one)`);
  let model: string | null;
  try {
    model = await app.warm;
  } catch (error) {
    // An engine that was lost comes back and loads the model again; what is wrong with a model stays wrong.
    if (error instanceof EngineProblem) return;
    await running.close();
    throw error;
  }
  const readyMs = performance.now() - started;
  if (json) {
    const { url } = listening;
    console.log(
      JSON.stringify({
        url,
        graphql: `${url}/graphql`,
        device,
        reason,
        model,
        accessKey: generatedKey,
        readyMs,
      }),
    );
  }
  say(`Ready in ${(readyMs / 1000).toFixed(1)} s with ${model === null ? 'no model yet' : `the model ${model}`}.`);
  setTimeout(
    () => app.inspect().catch((error) => say(`The models were not looked at: ${error.message}`)),
    INSPECTION_AFTER_MS,
  ).unref();
}
