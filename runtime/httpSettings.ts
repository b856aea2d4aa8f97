/** Settings of the API's listeners: TLS, limits, throttling (part of runtime/config.ts). */
import path from 'node:path';
import { z } from 'zod';
import { networks } from './addresses';

/** At most `limit` (requests, bytes) in each `seconds`. */
export interface Rate {
  readonly limit: number;
  readonly seconds: number;
}

export interface HttpSettings {
  /** PEM files; undefined = plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Requests of one user; every window counts. Empty = no limit. */
  readonly rateLimit: readonly Rate[];
  /** Requests without login, and failed logins, of one address. Empty = no limit. */
  readonly addressRateLimit: readonly Rate[];
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Open connections per listener. */
  readonly maxConnections: number;
  /** A body or an answer that moves fewer bytes than that is cut off; undefined = never. */
  readonly minRate: Rate | undefined;
  readonly maxPackageBytes: number;
}

export const HTTP_VARIABLES = [
  {
    name: 'OBFLOW_TLS_CERT',
    byDefault: '',
    meaning: 'PEM file of the certificate and its chain: the API speaks HTTPS (TLS 1.2 or later) only',
  },
  {
    name: 'OBFLOW_TLS_KEY',
    byDefault: '',
    meaning: 'PEM file of its private key; both are read again when they change, and on SIGHUP',
  },
  {
    name: 'OBFLOW_RATE_LIMIT',
    byDefault: '5000/10s',
    meaning: 'requests of one user per window, e.g. 5000/10s,100000/1h (s, m, h, d), or off',
  },
  {
    name: 'OBFLOW_RATE_LIMIT_ADDRESS',
    byDefault: '1000/10s',
    meaning: 'the same for requests without login, and failed logins, of one address',
  },
  {
    name: 'OBFLOW_TRUSTED_PROXIES',
    byDefault: '',
    meaning: 'addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed',
  },
  { name: 'OBFLOW_MAX_CONNECTIONS', byDefault: '2000', meaning: 'open connections per listening address' },
  {
    name: 'OBFLOW_MIN_RATE',
    byDefault: '8192/30s',
    meaning: 'bytes that a client must send of its body, or take of its answer, in each window, or off',
  },
  { name: 'OBFLOW_MAX_PACKAGE_MB', byDefault: '8192', meaning: 'size of an uploaded package' },
] as const;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const WEEK = 7 * 86_400;

function rate(text: string): Rate | undefined {
  const [, limit, count, unit] = /^([1-9]\d{0,8})\/([1-9]\d{0,5})([smhd])$/.exec(text.trim()) ?? [];
  const seconds = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
  return seconds <= WEEK ? { limit: Number(limit), seconds } : undefined;
}

const rates = z.string().transform((text, context): Rate[] => {
  if (text === 'off') return [];
  const windows = text.split(',').map(rate);
  if (windows.every((window) => window !== undefined)) return windows;
  context.addIssue('must be a number per window, or several with commas, e.g. 5000/10s,100000/1h; or off');
  return z.NEVER;
});

const oneRate = z.string().transform((text, context): Rate | undefined => {
  if (text === 'off') return undefined;
  const window = rate(text);
  if (window === undefined) context.addIssue('must be bytes per window, e.g. 8192/30s; or off');
  return window;
});

const count = (most: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/, `must be a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((value) => value <= most, `must be a whole number from 1 to ${most}`);

const file = z
  .string()
  .transform((name) => path.resolve(name))
  .optional();

/** The variables as zod reads them; empty ones are left out before. */
export const httpEnvironment = {
  OBFLOW_TLS_CERT: file,
  OBFLOW_TLS_KEY: file,
  OBFLOW_RATE_LIMIT: rates.prefault('5000/10s'),
  OBFLOW_RATE_LIMIT_ADDRESS: rates.prefault('1000/10s'),
  OBFLOW_TRUSTED_PROXIES: networks.optional(),
  OBFLOW_MAX_CONNECTIONS: count(100_000).prefault('2000'),
  OBFLOW_MIN_RATE: oneRate.prefault('8192/30s'),
  OBFLOW_MAX_PACKAGE_MB: count(1_000_000).prefault('8192'),
};

type Values = z.output<z.ZodObject<typeof httpEnvironment>>;

/** What must hold between the variables; texts follow the name of the variable. */
export function httpProblems(values: Values): { name: keyof Values; text: string }[] {
  if ((values.OBFLOW_TLS_CERT === undefined) === (values.OBFLOW_TLS_KEY === undefined)) return [];
  const missing = values.OBFLOW_TLS_CERT === undefined ? 'OBFLOW_TLS_CERT' : 'OBFLOW_TLS_KEY';
  const other = missing === 'OBFLOW_TLS_CERT' ? 'OBFLOW_TLS_KEY' : 'OBFLOW_TLS_CERT';
  return [{ name: missing, text: `must be set too: ${other} alone is of no use` }];
}

export function httpSettings(values: Values): HttpSettings {
  const { OBFLOW_TLS_CERT: certFile, OBFLOW_TLS_KEY: keyFile } = values;
  return {
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    rateLimit: values.OBFLOW_RATE_LIMIT,
    addressRateLimit: values.OBFLOW_RATE_LIMIT_ADDRESS,
    trustedProxies: values.OBFLOW_TRUSTED_PROXIES ?? [],
    maxConnections: values.OBFLOW_MAX_CONNECTIONS,
    minRate: values.OBFLOW_MIN_RATE,
    maxPackageBytes: values.OBFLOW_MAX_PACKAGE_MB * 1024 ** 2,
  };
}
