import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
}

/** The suite's end of the points: lets every execution pass, but the one it aims at. */
export class Control {
  readonly #server: Server;
  #gate: Promise<void> | undefined;
  #openGate: () => void = () => undefined;
  #aim: { readonly aim: Aim; readonly hit: (stop: Stop) => void } | undefined;
  /** Every point that was passed since `forget`. */
  points: Point[] = [];
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
    this.#aim = undefined;
    this.points = [];
    this.onPoint = () => undefined;
  }

  /** Resolves when an execution stops there; only the first one does. */
  stopAt(aim: Aim): Promise<Stop> {
    return new Promise((resolve) => {
      this.#aim = { aim, hit: resolve };
    });
  }

  async #reached(point: Point, response: ServerResponse): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    this.points.push(point);
    this.onPoint(point);
    const aim = this.#aim;
    if (aim === undefined || !fits(point, aim.aim)) {
      response.end('go');
      return;
    }
    this.#aim = undefined;
    aim.hit({ point, release: (verdict = 'go') => void (response.writableEnded || response.end(verdict)) });
  }
}

function fits(point: Point, aim: Aim): boolean {
  if (point.subtaskId !== aim.subtaskId) return false;
  if (point.activity.endsWith('.rollback') !== (aim.rollback ?? false)) return false;
  return point.kind === 'after' || (aim.index !== 'after' && point.index >= aim.index);
}
