const waiting: (() => void)[] = [];
let taken = false;

/**
 * Waits for a turn of the event loop that nobody else takes: what comes up together (sixteen requests, the writes of one
 * commit, the ends of scripts on sixteen hosts) is worked on one after the other, with timers and sockets in between. Goes on
 * at once where nobody has the turn yet.
 */
export function ownTurn(): Promise<void> {
  if (taken) return new Promise((resolve) => waiting.push(resolve));
  take();
  return Promise.resolve();
}

function take(): void {
  taken = true;
  // Of immediates that are there together none lets a timer in; this one is alone.
  setImmediate(() => {
    const next = waiting.shift();
    taken = false;
    if (next === undefined) return;
    take();
    next();
  });
}
