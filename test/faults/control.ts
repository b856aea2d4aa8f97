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

/** Between two looks at a task that stands still. */
const STILL_MS = 1_000;
/** After so long without a point a task stands still. */
const QUIET_MS = 1_000;

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
  #movedAt = 0;
  #moved: Promise<void> | undefined;
  #move: () => void = () => undefined;
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

  /**
   * The pause between two looks at what becomes of a task. Every look costs the API and Temporal CPU, so where an execution is
   * held up, by a fault or by the suite, it is long; a point that is passed ends it.
   * @param movingMs the pause while points are passed
   */
  async pause(movingMs = 100): Promise<void> {
    if (Date.now() - this.#movedAt < QUIET_MS) return delay(movingMs);
    this.#moved ??= new Promise((resolve) => {
      this.#move = resolve;
    });
    const end = new AbortController();
    await Promise.race([
      this.#moved,
      delay(STILL_MS, undefined, { signal: end.signal }).catch(() => undefined),
    ]);
    end.abort();
  }

  #moves(): void {
    this.#movedAt = Date.now();
    this.#moved = undefined;
    this.#move();
  }

  #over(): void {
    this.#stopped = undefined;
    this.#endStop();
  }

  async #reached(point: Point, response: ServerResponse): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    this.#moves();
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
        this.#moves();
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
