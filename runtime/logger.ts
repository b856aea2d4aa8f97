import pino from 'pino';
import pretty from 'pino-pretty';
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
  return pino({ ...options(level), base: { component } }, destination(logFormat(format)));
}

/** As createLogger, into a given stream: for tests. */
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
        const hidden = args.map((arg) => (typeof arg === 'string' ? hideUrlPassword(arg) : arg));
        method.apply(this, hidden as Parameters<typeof method>);
      },
    },
  };
}

// Synchronous: the last line before an exit is the one that is needed.
function destination(format: LogFormat): pino.DestinationStream {
  return format === 'pretty'
    ? pretty({
        destination: 2,
        sync: true,
        colorize: process.stderr.isTTY,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss.l',
      })
    : pino.destination({ fd: 2, sync: true });
}

/** Errors of drivers carry the statement, and with it passwords, in fields of their own: only these are shown. */
function errorShown(error: unknown): unknown {
  if (!(error instanceof Error)) return hideSecrets(error);
  const code = 'code' in error && typeof error.code !== 'object' ? error.code : undefined;
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    message: hideUrlPassword(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: hideUrlPassword(error.stack) }),
    ...(error.cause instanceof Error ? { cause: errorShown(error.cause) } : {}),
  };
}

function hideSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return hideUrlPassword(value);
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

function hideUrlPassword(text: string): string {
  return text.replace(URL_PASSWORD, `$1:${HIDDEN}@`);
}
