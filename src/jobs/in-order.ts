import type { EngineEvent } from '../engine/engine.js';
import { previewAddress } from '../images/preview.js';

/**
 * Passes an engine's events on in their order, although encoding the preview of some takes a while.
 *
 * @param pass called with each event and the address of its preview
 */
export function inOrder(pass: (event: EngineEvent, preview: string | null) => void) {
  let last: Promise<void> | null = null;
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
