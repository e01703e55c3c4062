/** What pinging needs of a process. */
export interface Pulsing {
  /** Messages received from it so far. */
  readonly heard: () => number;
  /** Whether it has no request, so that it answers at once. */
  readonly isIdle: () => boolean;
  readonly ask: () => void;
  /** Called when an idle process has left a ping unanswered. */
  readonly onLost: () => void;
}

export interface Pulse {
  /** Pings now where the process is idle: called before a request, as messages are answered in their order. */
  feel(): void;
  stop(): void;
}

/** Milliseconds to read an answer that arrived while this process was suspended, as on a closed laptop. */
const GRACE_MS = 1000;

/** Pings an idle process every `everyMs`. A request that follows a ping does not excuse the answer. */
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
