/** Server-Sent Events of the list of tasks: which are new or have another state. One reader for all who watch. */
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import type { Logger } from '../../runtime/logger';
import type { Store, TaskStanding } from '../../store/types';
import type { EventClient } from '../http/eventClient';
import type { EventStreams, Watcher } from '../http/eventStreams';
import { BasicTaskInstance } from './document/types';

const LOOK_MS = 500;

/** An element of an event. */
export const ListedState = BasicTaskInstance.pick({
  id: true,
  status: true,
  operation: true,
  closed: true,
  waiting: true,
}).meta({ id: 'TaskState' });
type ListedState = z.output<typeof ListedState>;

function listedState({ id, status, operation, closed }: TaskStanding): ListedState {
  const waiting = status === 'FAILED' && !closed;
  return { id, status, operation, ...(closed ? { closed } : {}), ...(waiting ? { waiting } : {}) };
}

/** One who watches. What has changed waits for it, each task once; it is taken away when its turn to be sent comes. */
class ListWatcher {
  readonly #client: EventClient;
  #waiting = new Map<number, ListedState>();
  #sent = 0;

  constructor(client: EventClient) {
    this.#client = client;
    // Ids count within one stream: one that was sent on another means nothing here.
    client.lastId = '';
  }

  tell(states: readonly ListedState[]): void {
    for (const state of states) this.#waiting.set(state.id, state);
    this.#sent += 1;
    this.#client.send({ id: String(this.#sent), last: false, text: () => this.#taken() });
  }

  async *#taken(): AsyncGenerator<string> {
    const states = [...this.#waiting.values()];
    this.#waiting = new Map();
    yield JSON.stringify(states);
  }
}

export class TaskListEvents {
  readonly #tasks: Store['tasks'];
  readonly #logger: Logger;
  readonly #streams: EventStreams;
  readonly #watchers = new Set<ListWatcher>();
  /** Of the reader at work. */
  #stop: AbortController | undefined;
  /** Resolves when the reader knows what there is. */
  #first: Promise<void> | undefined;

  constructor(deps: { readonly store: Store; readonly logger: Logger }, streams: EventStreams) {
    this.#tasks = deps.store.tasks;
    this.#logger = deps.logger;
    this.#streams = streams;
  }

  /**
   * An empty event at once, then what has changed, until the client has gone, may no longer watch, or the server stops.
   *
   * @throws Refusal as EventStreams
   */
  async stream(watcher: Watcher): Promise<void> {
    await this.#streams.hold(watcher, (client) =>
      this.#streams.run(watcher, client, async () => {
        // Known before it is told: who reads the list now sees nothing older than what is compared from now on.
        const own = new ListWatcher(client);
        this.#watchers.add(own);
        try {
          this.#first ??= this.#begin();
          await this.#first;
          own.tell([]);
          await client.ended;
        } finally {
          this.#watchers.delete(own);
          if (this.#watchers.size === 0) this.#end();
        }
      }),
    );
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#first = undefined;
  }

  async #begin(): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    const look = new ListLook(this.#tasks);
    await look.changes();
    void this.#read(look, stop.signal);
  }

  async #read(look: ListLook, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const changes = (await look.changes()).map(listedState);
        if (changes.length > 0) for (const watcher of this.#watchers) watcher.tell(changes);
      } catch (error) {
        // The streams outlive an outage of the database; what has changed meanwhile comes afterwards.
        this.#logger.debug({ err: error }, 'the states of tasks could not be read');
      }
    }
  }
}

/** What has changed since the look before. */
class ListLook {
  readonly #tasks: Pick<Store['tasks'], 'newestId' | 'openStates' | 'statesOf'>;
  #newest: number | undefined;
  #open = new Map<number, string>();

  constructor(tasks: Pick<Store['tasks'], 'newestId' | 'openStates' | 'statesOf'>) {
    this.#tasks = tasks;
  }

  /** None the first time. */
  async changes(): Promise<TaskStanding[]> {
    const first = this.#newest === undefined;
    const after = this.#newest ?? (await this.#tasks.newestId());
    const seen = await this.#tasks.openStates(after);
    const ids = new Set(seen.map(({ id }) => id));
    const closed = await this.#tasks.statesOf([...this.#open.keys()].filter((id) => !ids.has(id)));
    const changed = [...seen, ...closed].filter((task) => this.#open.get(task.id) !== wordsOf(task));
    this.#open = new Map(seen.filter((task) => !task.closed).map((task) => [task.id, wordsOf(task)]));
    this.#newest = seen.reduce((newest, { id }) => Math.max(newest, id), after);
    return first ? [] : changed;
  }
}

function wordsOf({ status, operation, closed }: TaskStanding): string {
  return `${status} ${operation} ${closed}`;
}
