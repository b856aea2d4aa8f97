/** Settings of the API's listeners: TLS, limits, throttling (part of runtime/config.ts). */
import path from 'node:path';
import { z } from 'zod';
import { networks } from './addresses';
import { ConfigError, readSettings, setting, type ValuesOf } from './setting';

/** At most `limit` (requests, bytes) in each `seconds`. */
export interface Rate {
  readonly limit: number;
  readonly seconds: number;
}

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

const file = z.string().transform((name) => path.resolve(name));

export const HTTP_SETTINGS = {
  tlsCert: setting('OBFLOW_TLS_CERT', {
    schema: file,
    meaning: 'PEM file of the certificate and its chain: the API speaks HTTPS (TLS 1.2 or later) only',
  }),
  tlsKey: setting('OBFLOW_TLS_KEY', {
    schema: file,
    meaning: 'PEM file of its private key; both are read again when they change, and on SIGHUP',
  }),
  /** Requests of one user; every window counts. Empty = no limit. */
  rateLimit: setting('OBFLOW_RATE_LIMIT', {
    schema: rates,
    byDefault: '5000/10s',
    meaning: 'requests of one user per window, e.g. 5000/10s,100000/1h (s, m, h, d), or off',
  }),
  /** Requests without login, and failed logins, of one address. Empty = no limit. */
  addressRateLimit: setting('OBFLOW_RATE_LIMIT_ADDRESS', {
    schema: rates,
    byDefault: '1000/10s',
    meaning: 'the same for requests without login, and failed logins, of one address',
  }),
  /** Addresses and networks whose X-Forwarded-For is believed. */
  trustedProxies: setting('OBFLOW_TRUSTED_PROXIES', {
    schema: networks,
    meaning: 'addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed',
  }),
  /** Open connections per listener. */
  maxConnections: setting('OBFLOW_MAX_CONNECTIONS', {
    schema: count(100_000),
    byDefault: '2000',
    meaning: 'open connections per listening address',
  }),
  /** A body or an answer that moves fewer bytes than that is cut off; undefined = never. */
  minRate: setting('OBFLOW_MIN_RATE', {
    schema: oneRate,
    byDefault: '8192/30s',
    meaning: 'bytes that a client must send of its body, or take of its answer, in each window, or off',
  }),
  console: setting('OBFLOW_CONSOLE', {
    schema: z.enum(['on', 'off'], 'must be on or off').transform((word) => word === 'on'),
    byDefault: 'on',
    meaning: 'off: this API serves no console under /console/',
  }),
  maxPackageBytes: setting('OBFLOW_MAX_PACKAGE_MB', {
    schema: count(1_000_000).transform((megabytes) => megabytes * 1024 ** 2),
    byDefault: '8192',
    meaning: 'size of an uploaded package',
  }),
};

type Values = ValuesOf<typeof HTTP_SETTINGS>;

export interface HttpSettings extends Omit<Values, 'tlsCert' | 'tlsKey' | 'trustedProxies'> {
  readonly trustedProxies: readonly string[];
  /** PEM files; undefined = plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** Throws ConfigError when a variable cannot be used, or only one file of TLS is named. */
export function readHttpSettings(env: NodeJS.ProcessEnv): HttpSettings {
  const { tlsCert, tlsKey, trustedProxies = [], ...values } = readSettings(HTTP_SETTINGS, env);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const names = [HTTP_SETTINGS.tlsCert.name, HTTP_SETTINGS.tlsKey.name];
    const [missing, other] = tlsCert === undefined ? names : names.reverse();
    throw new ConfigError([`${missing} must be set too: ${other} alone is of no use.`]);
  }
  const tls =
    tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey };
  return { ...values, trustedProxies, tls };
}
