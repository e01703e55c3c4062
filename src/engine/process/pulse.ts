/** A process as its pulse is felt. */
export interface Pulsing {
  /** Messages that have come from it so far. */
  readonly heard: () => number;
  /** Whether it has nothing to do, and so answers at once. */
  readonly isIdle: () => boolean;
  readonly ask: () => void;
  /** Called when an idle process has left a question unanswered. */
  readonly onLost: () => void;
}

export interface Pulse {
  /** Asks now where the process is idle, as before it is given something to do: messages are answered in their order. */
  feel(): void;
  stop(): void;
}

/** Milliseconds for an answer that lies unread because this side slept, as a closed laptop does. */
const GRACE_MS = 1000;

/** Asks an idle process every `everyMs` whether it lives. What it is given to do after a question does not excuse it. */
export function watchPulse(everyMs: number, { heard, isIdle, ask, onLost }: Pulsing): Pulse {
  let asked: number | null = null;
  let grace: NodeJS.Timeout | null = null;
  const unanswered = () => asked !== null && heard() === asked;
  const feel = () => {
    if (unanswered()) return;
    asked = isIdle() ? heard() : null;
    if (asked === null) return;
    timer.refresh();
    ask();
  };
  const doubt = () => {
    grace = null;
    if (unanswered()) onLost();
  };
  const timer = setInterval(() => {
    if (unanswered()) grace ??= setTimeout(doubt, Math.min(GRACE_MS, everyMs)).unref();
    else feel();
  }, everyMs).unref();
  return {
    feel,
    stop() {
      clearInterval(timer);
      if (grace !== null) clearTimeout(grace);
    },
  };
}
