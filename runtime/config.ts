import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ADDRESS_VARIABLES, type AddressPolicy, addressEnvironment, addressPolicy } from './addresses';
import {
  HTTP_VARIABLES,
  type HttpSettings,
  httpEnvironment,
  httpProblems,
  httpSettings,
} from './httpSettings';
import { IN_FILES, withSecretFiles } from './secretFiles';

/** Settings of API and worker, parsed once from the environment (see cli `obflow up --help`). */
export interface RuntimeConfig {
  /** Addresses the API listens on, `host:port`; default 127.0.0.1:8080. Port 0 = any free one. */
  readonly listen: readonly {
    readonly host: string;
    readonly port: number;
    /** HTTP although TLS is set up: for OBProxies that fetch /services; no login is taken there. */
    readonly plain?: true;
  }[];
  /** Base URL under which hosts reach this API's /services, without a trailing slash. */
  readonly publicUrl: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** `file:/abs/path` or `postgres://…` */
  readonly databaseUrl: string;
  readonly masterKeyFile: string;
  readonly adminPassword: string | undefined;
  readonly taskQueue: string;
  /** Where /metrics, /healthz and /readyz are served without login; undefined: nowhere. Port 0 = any free one. */
  readonly metricsListen?: { readonly host: string; readonly port: number };
  readonly temporalPort: number;
  readonly temporalUiPort: number;
  readonly logLevel: string;
  /** Undefined: pretty when stderr is a terminal, else json. */
  readonly logFormat: 'json' | 'pretty' | undefined;
  /** TLS, limits and throttling of the API. */
  readonly http: HttpSettings;
  /** Where API and worker may connect to on the word of users, hosts and clusters. */
  readonly addresses: AddressPolicy;
  /** How strictly "Pre check for install OB" judges the size of hosts; see oceanbase/hostRequirements.ts. */
  readonly hostRequirements: 'production' | 'small';
  /** Days after which the API deletes ended tasks; 0 = never. */
  readonly taskRetentionDays: number;
  /** A task's workflow continues as new after so many events; undefined: the interpreter's own limit. */
  readonly continueAfter?: number;
  /** Days after which the API deletes audit events; 0 = never. */
  readonly auditRetentionDays: number;
}

/** One line of `obflow up --help`. */
export interface EnvironmentVariable {
  readonly name: string;
  /** As a person reads it; empty when there is none. */
  readonly byDefault: string;
  readonly meaning: string;
}

/** Every environment variable that obflow reads, in the order `--help` shows them. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = [
  {
    name: 'OBFLOW_LISTEN',
    byDefault: '127.0.0.1:8080',
    meaning:
      'where the API listens: host:port, or several with commas; port 0 = any free one; with TLS, http:// before one of them keeps it plain, for OBProxies only',
  },
  {
    name: 'OBFLOW_PUBLIC_URL',
    byDefault: 'http(s)://<first address of OBFLOW_LISTEN>',
    meaning: "the URL under which hosts reach this API's /services",
  },
  { name: 'OBFLOW_DATA_DIR', byDefault: '.obflow', meaning: 'database, packages, keys, logs' },
  {
    name: 'OBFLOW_DATABASE_URL',
    byDefault: 'file:<data dir>/obflow.db',
    meaning: 'file:/path (SQLite) or postgres://user:password@host/database',
  },
  {
    name: 'OBFLOW_DATABASE_PASSWORD',
    byDefault: '',
    meaning: 'password for a postgres:// URL that holds none',
  },
  {
    name: 'OBFLOW_MASTER_KEY_FILE',
    byDefault: '<data dir>/master.key',
    meaning: 'encrypts stored credentials; made at first start, keep a copy of it',
  },
  {
    name: 'OBFLOW_ADMIN_PASSWORD',
    byDefault: 'random, printed once',
    meaning: 'password of the first user, admin (first start only)',
  },
  {
    name: 'OBFLOW_METRICS_LISTEN',
    byDefault: '',
    meaning:
      'host:port where this process serves /metrics, /healthz and /readyz without login; none by default',
  },
  { name: 'OBFLOW_TASK_QUEUE', byDefault: 'obflow', meaning: 'Temporal task queue of API and worker' },
  {
    name: 'OBFLOW_TEMPORAL_PORT',
    byDefault: '7233',
    meaning: 'port of the own dev server (0 = any free one)',
  },
  { name: 'OBFLOW_TEMPORAL_UI_PORT', byDefault: '8233', meaning: 'port of its Web UI (0 = any free one)' },
  {
    name: 'OBFLOW_TEMPORAL_CLI',
    byDefault: 'PATH, then cache, then download',
    meaning: 'the temporal command that runs the own dev server',
  },
  {
    name: 'OBFLOW_LOG_LEVEL',
    byDefault: 'info',
    meaning: 'trace, debug, info, warn, error, fatal or silent',
  },
  {
    name: 'OBFLOW_LOG_FORMAT',
    byDefault: 'pretty on a terminal, else json',
    meaning: 'json: one JSON line an event (set so, what is said at start and stop too); pretty: for people',
  },
  ...HTTP_VARIABLES,
  ...ADDRESS_VARIABLES,
  {
    name: 'OBFLOW_HOST_REQUIREMENTS',
    byDefault: 'production',
    meaning:
      'small: too little memory, disk or kernel limits are warnings when an OBServer is added (test hosts)',
  },
  {
    name: 'OBFLOW_TASK_RETENTION_DAYS',
    byDefault: '0, never',
    meaning: 'days after which the API deletes ended tasks with their documents and logs',
  },
  {
    name: 'OBFLOW_TASK_HISTORY_EVENTS',
    byDefault: '10000',
    meaning:
      'events of a history, 50 to 40000, after which a task goes on in a new run of its workflow (for tasks accepted from then on)',
  },
  {
    name: 'OBFLOW_AUDIT_RETENTION_DAYS',
    byDefault: '400',
    meaning: 'days after which the API deletes audit events; 0 = never',
  },
  {
    name: 'TEMPORAL_ADDRESS',
    byDefault: 'an own dev server',
    meaning:
      'a Temporal to use instead, with TEMPORAL_NAMESPACE, TEMPORAL_TLS_*, TEMPORAL_API_KEY, TEMPORAL_PROFILE as the temporal command reads them',
  },
  {
    name: 'OBFLOW_URL',
    byDefault: 'http://127.0.0.1:8080',
    meaning: 'the API that client commands (obflow apply) talk to',
  },
  { name: 'OBFLOW_USER', byDefault: 'admin', meaning: 'user of client commands' },
  { name: 'OBFLOW_PASSWORD', byDefault: '', meaning: 'password of client commands' },
  {
    name: 'OBFLOW_ACCESS_KEY_ID',
    byDefault: '',
    meaning: 'access key that client commands sign with, instead of user and password',
  },
  { name: 'OBFLOW_ACCESS_KEY_SECRET', byDefault: '', meaning: 'its secret' },
  {
    name: 'OBFLOW_CA_FILE',
    byDefault: '',
    meaning: 'PEM file of a CA that client commands trust besides the usual ones, for an https OBFLOW_URL',
  },
];

/** Settings that may stand in a file, named by a variable of its own. */
const FILE_VARIABLES: readonly string[] = IN_FILES.map((name) => `${name}_FILE`);

/** Read by tests and the sandbox; no settings of the product. */
const OTHER_KNOWN = /^OBFLOW_(TEST_\w+|REAL_OBPROXY|IN_USER_NAMESPACE)$/;

/** Thrown when a variable cannot be used; one sentence a variable, each naming it and what would do. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const port = (meaning: string) =>
  z
    .string()
    .regex(/^\d{1,5}$/, `must be a port, 0 to 65535 (${meaning})`)
    .transform(Number)
    .refine((value) => value <= 65535, `must be a port, 0 to 65535 (${meaning})`);

const listen = z.string().transform((text, context) =>
  text.split(',').map((part) => {
    const match = /^(http:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(part.trim());
    const host = match?.[2] ?? match?.[3];
    const number = Number(match?.[4]);
    if (host === undefined || number > 65535) {
      context.addIssue(
        `must be host:port, or several with commas, e.g. 127.0.0.1:8080; "${part.trim()}" is not`,
      );
      return z.NEVER;
    }
    return match?.[1] === undefined ? { host, port: number } : { host, port: number, plain: true as const };
  }),
);

const httpUrl = z
  .string()
  .refine((text) => /^https?:$/.test(protocolOf(text)), 'must be a URL, e.g. http://10.0.0.5:8080')
  .transform((text) => text.replace(/\/+$/, ''));

// The value may hold a password: the text must not repeat it.
const databaseUrl = z
  .string()
  .refine(
    (text) => text.startsWith('file:') || /^postgres(ql)?:$/.test(protocolOf(text)),
    'must be file:/path/to/file.db or postgres://user:password@host:5432/database',
  )
  .transform((text) => (text.startsWith('file:') ? `file:${path.resolve(filePath(text))}` : text));

const days = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a number of days, 0 = never')
  .transform(Number);

const historyEvents = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a number of events, 50 to 40000')
  .transform(Number)
  .refine((events) => events >= 50 && events <= 40_000, 'must be a number of events, 50 to 40000');

const environment = z.object({
  OBFLOW_LISTEN: listen.prefault('127.0.0.1:8080'),
  OBFLOW_PUBLIC_URL: httpUrl.optional(),
  OBFLOW_DATA_DIR: z
    .string()
    .default('.obflow')
    .transform((folder) => path.resolve(folder)),
  OBFLOW_DATABASE_URL: databaseUrl.optional(),
  OBFLOW_MASTER_KEY_FILE: z
    .string()
    .transform((file) => path.resolve(file))
    .optional(),
  OBFLOW_ADMIN_PASSWORD: z.string().min(8, 'must have 8 characters or more').optional(),
  OBFLOW_METRICS_LISTEN: listen
    .refine((all) => all.length === 1, 'must be one address, host:port')
    .optional(),
  OBFLOW_TASK_QUEUE: z.string().default('obflow'),
  OBFLOW_TEMPORAL_PORT: port('the own dev server').prefault('7233'),
  OBFLOW_TEMPORAL_UI_PORT: port('its Web UI').prefault('8233'),
  OBFLOW_HOST_REQUIREMENTS: z
    .enum(['production', 'small'], 'must be production or small')
    .default('production'),
  OBFLOW_DATABASE_PASSWORD: z.string().optional(),
  OBFLOW_TASK_RETENTION_DAYS: days.prefault('0'),
  OBFLOW_TASK_HISTORY_EVENTS: historyEvents.optional(),
  // A year and a month: a look once a year misses nothing.
  OBFLOW_AUDIT_RETENTION_DAYS: days.prefault('400'),
  OBFLOW_LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
  OBFLOW_LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').optional(),
  ...httpEnvironment,
  ...addressEnvironment,
});

/**
 * Reads the environment once. A variable that is empty counts as not set (compose files pass those on). Warns
 * about unknown OBFLOW_* variables, which are mostly typing errors.
 * Throws ConfigError when a value cannot be used; secrets are not repeated in it.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): {
  config: RuntimeConfig;
  warnings: string[];
} {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const { env: filled, problems } = withSecretFiles(given);
  const parsed = environment.safeParse(filled);
  if (!parsed.success || problems.length > 0) {
    const wrong = (parsed.error?.issues ?? []).map((issue) => `${String(issue.path[0])} ${issue.message}.`);
    throw new ConfigError([...problems, ...wrong]);
  }
  const values = parsed.data;
  const unfit = httpProblems(values);
  if (unfit.length > 0) throw new ConfigError(unfit.map(({ name, text }) => `${name} ${text}.`));
  const http = httpSettings(values);
  return {
    config: {
      listen: values.OBFLOW_LISTEN,
      publicUrl: values.OBFLOW_PUBLIC_URL ?? defaultPublicUrl(values.OBFLOW_LISTEN, http.tls !== undefined),
      dataDir: values.OBFLOW_DATA_DIR,
      databaseUrl: withPassword(
        values.OBFLOW_DATABASE_URL ?? `file:${path.join(values.OBFLOW_DATA_DIR, 'obflow.db')}`,
        values.OBFLOW_DATABASE_PASSWORD,
      ),
      masterKeyFile: values.OBFLOW_MASTER_KEY_FILE ?? path.join(values.OBFLOW_DATA_DIR, 'master.key'),
      adminPassword: values.OBFLOW_ADMIN_PASSWORD,
      taskQueue: values.OBFLOW_TASK_QUEUE,
      ...(values.OBFLOW_METRICS_LISTEN?.[0] === undefined
        ? {}
        : { metricsListen: values.OBFLOW_METRICS_LISTEN[0] }),
      temporalPort: values.OBFLOW_TEMPORAL_PORT,
      temporalUiPort: values.OBFLOW_TEMPORAL_UI_PORT,
      logLevel: values.OBFLOW_LOG_LEVEL,
      logFormat: values.OBFLOW_LOG_FORMAT,
      http,
      addresses: addressPolicy({
        allowed: values.OBFLOW_ALLOWED_ADDRESSES,
        denied: values.OBFLOW_DENIED_ADDRESSES,
      }),
      hostRequirements: values.OBFLOW_HOST_REQUIREMENTS,
      taskRetentionDays: values.OBFLOW_TASK_RETENTION_DAYS,
      ...(values.OBFLOW_TASK_HISTORY_EVENTS === undefined
        ? {}
        : { continueAfter: values.OBFLOW_TASK_HISTORY_EVENTS }),
      auditRetentionDays: values.OBFLOW_AUDIT_RETENTION_DAYS,
    },
    warnings: unknownVariables(given),
  };
}

/**
 * `http(s)://<first address>`, or the first plain one, which OBProxies can read without trusting a certificate; a
 * wildcard address becomes this machine's first other than loopback, because hosts cannot connect to 0.0.0.0.
 */
export function defaultPublicUrl(addresses: RuntimeConfig['listen'], tls = false): string {
  const first = addresses.find(({ plain }) => plain) ?? addresses[0] ?? { host: '127.0.0.1', port: 8080 };
  const host = first.host === '0.0.0.0' || first.host === '::' ? ownAddress() : first.host;
  const scheme = tls && first.plain !== true ? 'https' : 'http';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${first.port}`;
}

/** First outward IPv4 address of this machine; 127.0.0.1 when it has none. */
export function ownAddress(): string {
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => !address.internal && address.family === 'IPv4');
  return outward?.address ?? '127.0.0.1';
}

/** The URL of a PostgreSQL database with this password; any other URL, and one with a password, as it is. */
export function withPassword(databaseUrl: string, password: string | undefined): string {
  if (password === undefined || databaseUrl.startsWith('file:')) return databaseUrl;
  const url = new URL(databaseUrl);
  if (url.password !== '') return databaseUrl;
  url.password = encodeURIComponent(password);
  return url.href;
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [...ENVIRONMENT.map((variable) => variable.name), ...FILE_VARIABLES];
  return Object.keys(env)
    .filter((name) => name.startsWith('OBFLOW_') && !known.includes(name) && !OTHER_KNOWN.test(name))
    .sort()
    .map(
      (name) => `${name} is not a setting of obflow and has no effect; "obflow up --help" lists them all.`,
    );
}

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}

function filePath(url: string): string {
  return url.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
}
