import type { Settings } from '../app/config.js';
import { createLog } from '../app/local.js';
import { work } from '../app/work.js';
import { stopOnSignal } from './stop-on-signal.js';

/** `inkstone work`: runs until it is told to stop. */
export async function workCommand(settings: Settings, { json = false }: { readonly json?: boolean }): Promise<void> {
  const started = performance.now();
  const working = await work(settings, createLog(settings.http.LOG_LEVEL));
  const { listening, device } = working;
  // With --json standard output carries that one line.
  const say = json ? () => {} : console.log;
  stopOnSignal(() => working.close(), say);
  say(`Inkstone works; its probes and metrics are at ${listening.url}`);
  say(`  device    ${device.device}: ${device.reason}`);
  const model = await working.warm;
  const readyMs = performance.now() - started;
  if (json)
    console.log(
      JSON.stringify({ url: listening.url, device: device.device, reason: device.reason, model: model.id, readyMs }),
    );
  say(`Ready in ${(readyMs / 1000).toFixed(1)} s with the model ${model.id}.`);
}
