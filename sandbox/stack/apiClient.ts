import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** One call as it went over the wire; `body` of an upload names the file only. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly status: number;
  readonly answer: unknown;
}

interface TaskJson {
  readonly id: number;
  readonly hostId?: number;
  readonly status: 'RUNNING' | 'FAILED' | 'SUCCESSFUL';
  readonly finishTime?: string;
  readonly subtasks: readonly {
    readonly id: number;
    readonly name: string;
    readonly status: string;
    readonly upstreams: readonly number[];
    readonly failureMessage?: string;
  }[];
}

interface Envelope<T> {
  readonly successful: boolean;
  readonly data: T;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A plain client of the documented REST API (HTTP Basic) that keeps a record of what it asked and got. */
export class ApiClient {
  readonly requests: RecordedRequest[] = [];

  constructor(
    readonly url: string,
    private readonly user: string,
    private readonly password: string,
  ) {}

  /** Sends one request; resolves whatever the status is. */
  async send(
    method: string,
    pathAndQuery: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; answer: unknown }> {
    const multipart = body instanceof FormData;
    const response = await fetch(this.url + pathAndQuery, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`,
        ...(body === undefined || multipart ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: multipart ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const answer: unknown = isJson ? JSON.parse(text) : text;
    this.requests.push({
      method,
      path: pathAndQuery,
      body: multipart ? { file: String((body.get('file') as File).name) } : (body ?? null),
      status: response.status,
      answer,
    });
    return { status: response.status, answer };
  }

  /** Sends one request and returns `data`; throws the API's own words on anything but success. */
  async call<T>(method: string, pathAndQuery: string, body?: unknown): Promise<T> {
    const { status, answer } = await this.send(method, pathAndQuery, body);
    const envelope = answer as Envelope<T>;
    if (status !== 200 || !envelope.successful)
      throw new Error(
        `${method} ${pathAndQuery} answered ${status}: ${JSON.stringify(envelope.error ?? answer)}`,
      );
    return envelope.data;
  }

  /** Uploads an RPM as the documented multipart request. */
  async uploadPackage(file: string): Promise<{ id: number; fileName: string }> {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(await readFile(file))]), path.basename(file));
    return this.call('POST', '/api/v2/software-packages', form);
  }

  /** The task's document as GET answers it; not recorded, so that polling does not flood the record. */
  async task(id: number): Promise<TaskJson> {
    const kept = this.requests.length;
    try {
      return await this.call<TaskJson>('GET', `/api/v2/tasks/instances/${id}`);
    } finally {
      this.requests.length = Math.min(this.requests.length, kept);
    }
  }

  /**
   * Polls until every task is SUCCESSFUL or FAILED and returns the last documents in the order of the ids.
   * Throws when `deadlineMs` passes first.
   */
  async settled(
    ids: readonly number[],
    options: {
      deadlineMs?: number;
      /** Between two looks; default 150 ms. */
      pollMs?: number;
      onDocument?: (task: TaskJson) => void;
      statuses?: readonly string[];
    } = {},
  ): Promise<TaskJson[]> {
    const deadline = Date.now() + (options.deadlineMs ?? 120_000);
    const statuses = options.statuses ?? ['SUCCESSFUL', 'FAILED'];
    for (;;) {
      const tasks = await Promise.all(ids.map((id) => this.task(id)));
      for (const task of tasks) options.onDocument?.(task);
      if (tasks.every((task) => statuses.includes(task.status))) return tasks;
      if (Date.now() > deadline) {
        const open = tasks.map((task) => `${task.id} ${task.status} (${runningStep(task)})`).join(', ');
        throw new Error(`the tasks did not end in time: ${open}`);
      }
      await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 150));
    }
  }
}

/** The names of the subtasks that a reader should look at now: failed ones first, else running, else the next. */
export function runningStep(task: TaskJson): string {
  for (const status of ['FAILED', 'RUNNING', 'READY']) {
    const names = task.subtasks.filter((subtask) => subtask.status === status).map((subtask) => subtask.name);
    if (names.length > 0) return [...new Set(names)].join(', ');
  }
  return task.status === 'SUCCESSFUL' ? 'done' : 'finishing';
}

export type { TaskJson };
