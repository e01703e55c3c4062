import type { EngineEvent } from '../engine/job.js';
import { previewAddress } from '../imaging/preview.js';
import type { FlightEvent } from './flights.js';

/**
 * Passes an engine's events on in their order, although encoding the preview of some takes a while.
 *
 * @param emit told of which picture an event is; null for what concerns all of the job's
 */
export function inOrder(emit: (event: FlightEvent, picture: number | null) => void) {
  let last: Promise<void> | null = null;
  const pass = (event: EngineEvent, preview: string | null) =>
    emit(withoutPixels(event, preview), event.type === 'step' ? event.image : null);
  return {
    add(event: EngineEvent): void {
      // Nothing to wait for: at once.
      if (last === null && (event.type !== 'step' || event.preview === null)) {
        pass(event, null);
        return;
      }
      const preview = event.type === 'step' && event.preview !== null ? previewAddress(event.preview) : null;
      const mine: Promise<void> = Promise.all([preview?.catch(() => null) ?? null, last]).then(([address]) => {
        if (last === mine) last = null;
        pass(event, address);
      });
      last = mine;
    },
    /** Resolves when everything was passed on. */
    async done(): Promise<void> {
      while (last !== null) await last;
    },
  };
}

function withoutPixels(event: EngineEvent, preview: string | null): FlightEvent {
  if (event.type !== 'step') return event;
  const { at, step, totalSteps, sigma } = event;
  return { type: 'step', at, step, totalSteps, sigma, preview };
}
