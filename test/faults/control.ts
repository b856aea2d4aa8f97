import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Point, Verdict } from './points';

/** Where the next stop is to be. */
export interface Aim {
  readonly subtaskId: number;
  /** The first point with this index or a later one; `after` = the last one. */
  readonly index: number | 'after';
  /** Of an undo; default of the subtask's work. */
  readonly rollback?: boolean;
}

export interface Stop {
  readonly point: Point;
  /** Lets the worker go on, if it lives. Repeatable. */
  release(verdict?: Verdict): void;
  /** What happens here is over: the next stop may come. Until then executions wait before theirs. */
  over(): void;
}

interface Expected {
  readonly aim: Aim;
  readonly hit: (stop: Stop) => void;
}

/** Between two looks at what stands still, and at a subtask that is about to be done. */
const STILL_MS = 1_000;
const SOON_MS = 100;
/** A task that passes points has not ended: it is looked at when it has been quiet for so long, but after so long at the latest. */
const QUIET_MS = 300;
const LATEST_MS = 3_000;

/** The suite's end of the points: lets every execution pass, but those it aims at, which stop one after the other. */
export class Control {
  readonly #server: Server;
  #gate: Promise<void> | undefined;
  #openGate: () => void = () => undefined;
  #expected = new Set<Expected>();
  /** Settles when the stop that there is now is over. */
  #stopped: Promise<void> | undefined;
  #endStop: () => void = () => undefined;
  /** Every point that was passed since `forget`. */
  points: Point[] = [];
  #passedAt = 0;
  /** When each subtask was last at the end of its work. */
  #endedAt = new Map<number, number>();
  #onEnd = new Set<() => void>();
  /** Called with every point. */
  onPoint: (point: Point) => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Control> {
    const server = createServer();
    const control = new Control(server);
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => void control.#reached(JSON.parse(text) as Point, response));
    });
    // A stop lasts as long as the fault does.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return control;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.letAllPass();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Nobody passes any point until `letAllPass`. */
  holdAll(): void {
    this.#gate ??= new Promise((resolve) => {
      this.#openGate = resolve;
    });
  }

  letAllPass(): void {
    this.#gate = undefined;
    this.#openGate();
  }

  forget(): void {
    this.#expected.clear();
    this.#over();
    this.points = [];
    this.onPoint = () => undefined;
  }

  /** Resolves when an execution stops there; only the first one does. */
  stopAt(aim: Aim): Promise<Stop> {
    return new Promise((resolve) => {
      this.#expected.add({ aim, hit: resolve });
    });
  }

  /** The pause before another look at whether a task has ended. Looks cost API and Temporal CPU; points say when there is nothing to see. */
  async pause(): Promise<void> {
    const began = Date.now();
    if (began - this.#passedAt > 2 * STILL_MS) return delay(STILL_MS);
    do {
      await delay(QUIET_MS);
    } while (Date.now() - this.#passedAt < QUIET_MS && Date.now() - began < LATEST_MS);
  }

  /** The pause before another look at whether a subtask is done: short after the end of its work, which ends a long one. */
  async pauseFor(subtaskId: number): Promise<void> {
    if (Date.now() - (this.#endedAt.get(subtaskId) ?? 0) < 2 * STILL_MS) return delay(SOON_MS);
    const timer = new AbortController();
    let wake: () => void = () => undefined;
    const ends = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#onEnd.add(wake);
    await Promise.race([ends, delay(STILL_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    this.#onEnd.delete(wake);
  }

  #passes({ kind, subtaskId }: Point): void {
    this.#passedAt = Date.now();
    if (kind !== 'after') return;
    this.#endedAt.set(subtaskId, this.#passedAt);
    for (const wake of this.#onEnd) wake();
  }

  #over(): void {
    this.#stopped = undefined;
    this.#endStop();
  }

  async #reached(point: Point, response: ServerResponse): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    this.#passes(point);
    this.points.push(point);
    this.onPoint(point);
    for (;;) {
      const expected = [...this.#expected].find(({ aim }) => fits(point, aim));
      if (expected === undefined) {
        response.end('go');
        return;
      }
      if (this.#stopped === undefined) {
        this.#expected.delete(expected);
        this.#stop(point, response, expected);
        return;
      }
      await this.#stopped;
      // The stop before may have been the worker's end: then another attempt comes here again.
      if (response.destroyed) return;
    }
  }

  #stop(point: Point, response: ServerResponse, { hit }: Expected): void {
    const stopped = new Promise<void>((resolve) => {
      this.#endStop = resolve;
    });
    this.#stopped = stopped;
    hit({
      point,
      release: (verdict = 'go') => {
        this.#passes(point);
        if (!response.writableEnded) response.end(verdict);
      },
      over: () => {
        if (this.#stopped === stopped) this.#over();
      },
    });
  }
}

function fits(point: Point, aim: Aim): boolean {
  if (point.subtaskId !== aim.subtaskId) return false;
  if (point.activity.endsWith('.rollback') !== (aim.rollback ?? false)) return false;
  return point.kind === 'after' || (aim.index !== 'after' && point.index >= aim.index);
}
