import os from 'node:os';
import pino from 'pino';
import pretty from 'pino-pretty';
import { printable } from './printable';
import { traceFields } from './trace';

export type Logger = pino.Logger;

const SECRET_KEY = /pass(word|wd|phrase)?$|secret|private_?key|authorization|cookie|api_?key|master_?key/i;
const URL_PASSWORD = /(\w:\/\/[^\s:/@]*):[^\s/@]+@/g;
const HIDDEN = '[hidden]';
/** Deeper than any event here; ends cycles. */
const MAX_DEPTH = 6;

export type LogFormat = 'json' | 'pretty';

/** Pretty for a person at a terminal, unless the settings say otherwise. */
export function logFormat(wished: LogFormat | undefined): LogFormat {
  return wished ?? (process.stderr.isTTY ? 'pretty' : 'json');
}

/**
 * A logger to stderr (stdout belongs to what a command answers): one JSON line an event, or text for people (see
 * logFormat). Every line carries the trace it was written in (runtime/trace.ts). Values under secret-looking keys
 * and passwords in URLs are hidden; that is a second line of defence, the first is not to log them. `level` is one
 * of pino's, or `silent`.
 */
export function createLogger(component: string, level: string, format?: LogFormat): Logger {
  const destination = logFormat(format) === 'pretty' ? prettyTo(2) : pino.destination({ fd: 2, sync: true });
  return createLoggerTo(destination, component, level);
}

/** As createLogger, into a given stream. */
export function createLoggerTo(
  stream: { write(line: string): void },
  component: string,
  level: string,
): Logger {
  return pino({ ...options(level), base: { component } }, stream);
}

function options(level: string): pino.LoggerOptions {
  return {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceFields,
    serializers: { err: errorShown },
    formatters: {
      level: (label) => ({ level: label }),
      log: (event) => hideSecrets(event) as Record<string, unknown>,
      bindings: (bindings) => hideSecrets(bindings) as Record<string, unknown>,
    },
    hooks: {
      logMethod(args, method) {
        const hidden = args.map((arg) => (typeof arg === 'string' ? shown(arg) : arg));
        method.apply(this, hidden as Parameters<typeof method>);
      },
    },
  };
}

/** Said at the beginning of a line, or shown as the event's text. */
const SAID: readonly string[] = ['time', 'level', 'component', 'msg', 'pid', 'hostname'];

/**
 * Text for people, to a file descriptor or a stream: one line an event, with date, this machine, the part that speaks, the
 * event and its facts. Of an error type, text, code and the place it comes from; the JSON form has the whole stack.
 */
export function prettyTo(to: number | NodeJS.WritableStream): pino.DestinationStream {
  return pretty({
    destination: to,
    // The last line before an exit is the one that is needed.
    sync: true,
    colorize: to === 2 && process.stderr.isTTY,
    hideObject: true,
    errorLikeObjectKeys: [],
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    messageFormat: (event, key) => oneLine(event, String(event[key] ?? '')),
  });
}

function oneLine(event: Readonly<Record<string, unknown>>, text: string): string {
  const facts = Object.entries(event)
    .filter(([key, value]) => !SAID.includes(key) && value !== undefined)
    .map(([key, value]) => `${key}=${key === 'err' ? errorText(value) : factText(value)}`);
  const line = [`${os.hostname()} ${String(event.component ?? '')}:`, text, ...facts].join(' ');
  return line.replace(/\s*[\r\n]+\s*/g, ' ⏎ ');
}

function factText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? '';
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** `"TypeError: no such thing (ENOENT) at store/hosts.ts:12:3, because Error: …"`. */
function errorText(value: unknown): string {
  const { type, message, code, stack, cause } = Object(value) as Readonly<Record<string, unknown>>;
  if (message === undefined) return factText(value);
  const [, place] = /\n\s+(at [^\n]+)/.exec(String(stack ?? '')) ?? [];
  const because = cause === undefined ? '' : `, because ${errorText(cause)}`;
  return `${String(type)}: ${String(message)}${code === undefined ? '' : ` (${String(code)})`}${place === undefined ? '' : ` ${place}`}${because}`;
}

/** Errors of drivers carry the statement, and with it passwords, in fields of their own: only these are shown. */
function errorShown(error: unknown): unknown {
  if (!(error instanceof Error)) return hideSecrets(error);
  const code = 'code' in error && typeof error.code !== 'object' ? error.code : undefined;
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    message: shown(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: shown(error.stack) }),
    ...(error.cause instanceof Error ? { cause: errorShown(error.cause) } : {}),
  };
}

function hideSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return shown(value);
  if (value === null || typeof value !== 'object' || depth === MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, depth + 1));
  // Errors and other instances have serialisers of their own.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET_KEY.test(key) && item !== undefined && item !== null ? HIDDEN : hideSecrets(item, depth + 1),
    ]),
  );
}

function shown(text: string): string {
  return printable(text.replace(URL_PASSWORD, `$1:${HIDDEN}@`));
}
