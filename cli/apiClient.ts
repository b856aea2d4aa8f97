import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { bodyDigest } from '../api/login/signature';
import { CLIENT_SETTINGS } from '../runtime/clientSettings';
import { withDeadline } from '../runtime/deadline';
import { readSettings } from '../runtime/setting';
import { type ClientLogin, clientLogin } from './login';

const REQUEST_TIMEOUT_MS = 120_000;
/** Pauses between the sends of one command whose answer was lost. */
const RESEND_AFTER_MS = [500, 1_000, 2_000];
/** Nobody took the request: sending it again at once would meet the same. */
const NEVER_ARRIVED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Node's codes for a certificate that cannot be trusted. */
const UNTRUSTED = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** The API and who asks, for the help of every command that needs them. */
export const ACCESS_HELP =
  `\nThe API and who asks: OBFLOW_URL (${CLIENT_SETTINGS.url.byDefault}); OBFLOW_USER (${CLIENT_SETTINGS.user.byDefault}) and OBFLOW_PASSWORD, or ` +
  'OBFLOW_ACCESS_KEY_ID and OBFLOW_ACCESS_KEY_SECRET.';

const errorSchema = z.object({
  error: z.object({
    code: z.union([z.string(), z.number()]).nullish(),
    message: z.string(),
    target: z.string().nullish(),
    subErrors: z.array(z.object({ message: z.string(), field: z.string().nullish() })).nullish(),
  }),
});

/** `data` is absent where a call answers none. */
const envelopeSchema = z
  .object({ data: z.unknown().optional(), successful: z.boolean().optional() })
  .refine(({ data, successful }) => data !== undefined || successful === true);

/** Thrown when the API answered with an error; the message is what it said, for the person at the terminal. */
export class RefusedError extends Error {
  readonly status: number;
  /** The API's own code, as in `TSK10016`; '' when it named none. */
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.status = status;
    this.code = code;
  }
}

/** Thrown when no whole answer came back. */
export class NoAnswerError extends Error {
  /** False: the request has certainly not been obeyed. */
  readonly mayBeObeyed: boolean;
  constructor(message: string, mayBeObeyed: boolean) {
    super(message);
    this.name = 'NoAnswerError';
    this.mayBeObeyed = mayBeObeyed;
  }
}

/** A body that is read from where it lies, again when it is sent again. */
export interface Content {
  readonly content: Blob;
  readonly contentType: string;
  /** MD5 of it, in upper-case hex: what an access key signs. */
  readonly digest: () => Promise<string>;
}

interface Request {
  /** To be sent as JSON. */
  readonly body?: unknown;
  readonly upload?: Content;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The API as the `obflow` command talks to it. The login stands in headers and nowhere else. */
export class ApiClient {
  readonly base: string;
  readonly #login: ClientLogin;

  /** @throws Error when the secret of the login (or its file) is missing, or OBFLOW_URL is no address or holds a login */
  constructor(env: NodeJS.ProcessEnv) {
    const settings = readSettings(CLIENT_SETTINGS, env);
    this.base = baseOf(settings.url);
    this.#login = clientLogin(settings, this.base);
  }

  /** The password it logs in with; undefined with an access key. */
  get password(): string | undefined {
    return this.#login.password;
  }

  /**
   * Sends one request and returns `data` of the answer (undefined when it has none).
   *
   * @throws RefusedError when the API answers with an error, NoAnswerError when none or no whole answer came
   */
  async call(method: string, path: string, request: Request = {}): Promise<unknown> {
    const { response, text } = await withDeadline(REQUEST_TIMEOUT_MS, request.signal, (signal) =>
      this.#asked(async () => {
        const answer = await this.#fetch(method, path, { ...request, signal });
        return { response: answer, text: await answer.text() };
      }, request.signal),
    );
    return this.#dataOf(response, text);
  }

  #dataOf(response: Response, text: string): unknown {
    const answer = parseJson(text);
    if (!response.ok) throw refused(response.status, answer, text, this.#login.hint);
    const envelope = envelopeSchema.safeParse(answer);
    if (envelope.success) return envelope.data.data;
    throw new Error(`${this.base} answered ${response.status}, but not as obflow does. Is OBFLOW_URL right?`);
  }

  /**
   * Sends a command under a key of its own. When the answer is lost it is sent again under the same key, so that it
   * is obeyed once. Errors as `call`.
   */
  async command(path: string, body: unknown, method = 'POST'): Promise<unknown> {
    const headers = { 'idempotency-key': randomUUID() };
    for (let sent = 0; ; sent += 1) {
      try {
        return await this.call(method, path, { body, headers });
      } catch (error) {
        const wait = RESEND_AFTER_MS[sent];
        // 409 to a second send: the first is still being worked on.
        const underWay = sent > 0 && error instanceof RefusedError && error.status === 409;
        const lost = error instanceof NoAnswerError && (error.mayBeObeyed || sent > 0);
        if (!lost && !underWay) throw error;
        if (wait === undefined) throw new NoAnswerError(error.message, true);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** Sends a file; a large one takes as long as it takes. Errors as `call`. */
  async upload(path: string, upload: Content): Promise<unknown> {
    const response = await this.#asked(() => this.#fetch('POST', path, { upload }), undefined);
    const text = await this.#asked(() => response.text(), undefined);
    return this.#dataOf(response, text);
  }

  /** The answer to a GET as it begins, its body still to be read. Errors as `call`. */
  async open(path: string, request: Request & { readonly signal: AbortSignal }): Promise<Response> {
    const response = await this.#asked(() => this.#fetch('GET', path, request), request.signal);
    if (response.ok) return response;
    const text = await this.#asked(() => response.text(), request.signal);
    throw refused(response.status, parseJson(text), text, this.#login.hint);
  }

  async #fetch(method: string, path: string, { body, upload, headers, signal }: Request): Promise<Response> {
    const url = new URL(this.base + path);
    const json = body === undefined ? undefined : JSON.stringify(body);
    const content = upload?.content ?? json;
    const contentType = upload?.contentType ?? (json === undefined ? undefined : 'application/json');
    const signed = { method, url, ...(contentType === undefined ? {} : { contentType }) };
    const bodyMd5 = upload?.digest ?? (() => Promise.resolve(bodyDigest(Buffer.from(json ?? ''))));
    return fetch(url, {
      method,
      headers: {
        accept: 'application/json',
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...headers,
        ...(await this.#login.headers({ ...signed, bodyMd5 })),
      },
      ...(content === undefined ? {} : { body: content }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #asked<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw this.#noAnswer(error);
    }
  }

  #noAnswer(error: unknown): NoAnswerError {
    const { message: said, code } = causeOf(error);
    const untrusted = UNTRUSTED.test(code);
    const next = untrusted
      ? 'Let OBFLOW_CA_FILE name the CA of its certificate, and OBFLOW_URL the name it was made for.'
      : 'Is obflow up? OBFLOW_URL says where.';
    const message = `No answer from ${this.base}: ${said}. ${next}`;
    return new NoAnswerError(message, !untrusted && !NEVER_ARRIVED.has(code));
  }
}

/** Why fetch failed: it says so in the cause of its error. */
function causeOf(error: unknown): { message: string; code: string } {
  const { cause = error } = Object(error) as { cause?: unknown };
  const { message = '', code = '' } = Object(cause) as { message?: unknown; code?: unknown };
  return { message: String(message) || String(code) || String(error), code: String(code) };
}

function baseOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error('OBFLOW_URL must be an address such as http://127.0.0.1:8080.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('OBFLOW_URL must not hold a login; set OBFLOW_USER and OBFLOW_PASSWORD.');
  }
  return address.replace(/\/+$/, '');
}

/** What the API said: the error and one line for each field. */
function refused(status: number, answer: unknown, text: string, loginHint: string): RefusedError {
  const parsed = errorSchema.safeParse(answer);
  if (!parsed.success) {
    return new RefusedError(
      status,
      '',
      `The API answered ${status}: ${text.trim().slice(0, 500) || 'nothing'}`,
    );
  }
  const { code, message, target, subErrors } = parsed.data.error;
  // A target such as task:33001 is named by the message as well; a field is not.
  const at = (field: string | null | undefined) =>
    field === undefined || field === null || field.includes(':') ? '' : `${field}: `;
  const hint = status === 401 ? ` ${loginHint}` : '';
  const lines = (subErrors ?? []).map((sub) => `  ${at(sub.field)}${sub.message}`);
  const number = code === undefined || code === null ? '' : ` ${code}`;
  return new RefusedError(
    status,
    number.trim(),
    [`The API refused (${status}${number}): ${at(target)}${message}${hint}`, ...lines].join('\n'),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
