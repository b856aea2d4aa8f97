/**
 * Whether the API can be reached: one truth for the whole page. Whoever gets no answer says so; from then on the API is
 * asked for until it answers, and whoever listens goes on by itself.
 */
const ASK_MS = 1_000;

type Listener = (reachable: boolean) => void;

let reachable = true;
let asking = false;
const listeners = new Set<Listener>();

function become(state: boolean): void {
  if (reachable === state) return;
  reachable = state;
  for (const listener of listeners) listener(state);
}

async function askUntilThere(): Promise<void> {
  if (asking) return;
  asking = true;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    const there = await fetch('/api/status', { cache: 'no-store' }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (there) break;
  }
  asking = false;
  become(true);
}

export const connection = {
  get reachable(): boolean {
    return reachable;
  },
  /** To be called by who got no answer. */
  lost(): void {
    become(false);
    void askUntilThere();
  },
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Resolves as soon as the API answers again; at once when it does. */
  back(): Promise<void> {
    if (reachable) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = connection.subscribe((state) => {
        if (!state) return;
        leave();
        resolve();
      });
    });
  },
};
