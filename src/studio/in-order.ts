import type { EngineEvent } from '../engine/job.js';
import { previewAddress } from '../imaging/preview.js';
import type { FlightEvent } from './flights.js';

/** Passes an engine's events on in their order, although encoding the preview of some takes a while. */
export function inOrder(emit: (event: FlightEvent) => void) {
  let last: Promise<void> | null = null;
  return {
    add(event: EngineEvent): void {
      // Nothing to wait for: at once.
      if (last === null && (event.type !== 'step' || event.preview === null)) {
        emit(withoutPixels(event, null));
        return;
      }
      const preview = event.type === 'step' && event.preview !== null ? previewAddress(event.preview) : null;
      const mine: Promise<void> = Promise.all([preview?.catch(() => null) ?? null, last]).then(([address]) => {
        if (last === mine) last = null;
        emit(withoutPixels(event, address));
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
