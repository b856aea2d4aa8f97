import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ADDRESS_SETTINGS, type AddressPolicy, addressPolicy } from './addresses';
import { addressText, parseAddress } from './addressText';
import { CLIENT_SETTINGS } from './clientSettings';
import { DEV_SERVER_SETTINGS } from './devServerSettings';
import { HTTP_SETTINGS, type HttpSettings, readHttpSettings } from './httpSettings';
import { ConfigError, readSettings, type Setting, setting, type ValuesOf } from './setting';

/** Read by tests and the sandbox; no settings of the product. */
const OTHER_KNOWN = /^OBFLOW_(TEST_\w+|REAL_OBPROXY|IN_USER_NAMESPACE)$/;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const listen = z.string().transform((text, context) =>
  text.split(',').map((part) => {
    const [, plain, address = ''] = /^(http:\/\/)?(.*)$/s.exec(part.trim()) ?? [];
    const { host, ports } = parseAddress(address) ?? { host: '', ports: [] };
    const [number, ...more] = ports;
    if (number === undefined || more.length > 0 || host.includes('/')) {
      context.addIssue(
        `must be host:port, or several with commas, e.g. 127.0.0.1:8080; "${part.trim()}" is not`,
      );
      return z.NEVER;
    }
    return plain === undefined ? { host, port: number } : { host, port: number, plain: true as const };
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

const file = z.string().transform((name) => path.resolve(name));

const GENERAL_SETTINGS = {
  /** Addresses the API listens on. Port 0 = any free one; `plain`: HTTP although TLS is set up, no login is taken there. */
  listen: setting('OBFLOW_LISTEN', {
    schema: listen,
    byDefault: '127.0.0.1:8080',
    meaning:
      'where the API listens: host:port, or several with commas; port 0 = any free one; with TLS, http:// before one of them keeps it plain, for OBProxies only',
  }),
  /** Base URL under which hosts reach this API's /services, without a trailing slash. */
  publicUrl: setting('OBFLOW_PUBLIC_URL', {
    schema: httpUrl,
    shown: 'http(s)://<first address of OBFLOW_LISTEN>',
    meaning: "the URL under which hosts reach this API's /services",
  }),
  /** What obd, or an observer behind NAT, shows at /services to register root servers; undefined: addresses decide. */
  servicesToken: setting('OBFLOW_SERVICES_TOKEN', {
    schema: z.string().regex(/^[A-Za-z0-9_-]{32,128}$/, 'must have 32 to 128 letters, digits, _ or -'),
    inFile: true,
    meaning: "token of those that register root servers at /services from no address of the cluster's own",
  }),
  /** Absolute path. */
  dataDir: setting('OBFLOW_DATA_DIR', {
    schema: file,
    byDefault: '.obflow',
    meaning: 'database, packages, keys, logs',
  }),
  /** `file:/abs/path` or `postgres://…` */
  databaseUrl: setting('OBFLOW_DATABASE_URL', {
    schema: databaseUrl,
    shown: 'file:<data dir>/obflow.db',
    inFile: true,
    meaning: 'file:/path (SQLite) or postgres://user:password@host/database',
  }),
  databasePassword: setting('OBFLOW_DATABASE_PASSWORD', {
    schema: z.string(),
    inFile: true,
    meaning: 'password for a postgres:// URL that holds none',
  }),
  masterKeyFile: setting('OBFLOW_MASTER_KEY_FILE', {
    schema: file,
    shown: '<data dir>/master.key',
    meaning: 'encrypts stored credentials; made at first start, keep a copy of it',
  }),
  adminPassword: setting('OBFLOW_ADMIN_PASSWORD', {
    schema: z.string().min(8, 'must have 8 characters or more'),
    shown: 'random, printed once',
    inFile: true,
    meaning: 'password of the first user, admin (first start only)',
  }),
  /** Where /metrics, /healthz and /readyz are served without login; undefined: nowhere. Port 0 = any free one. */
  metricsListen: setting('OBFLOW_METRICS_LISTEN', {
    schema: listen
      .refine((all) => all.length === 1, 'must be one address, host:port')
      .transform(([first]) => first),
    meaning:
      'host:port where this process serves /metrics, /healthz and /readyz without login; none by default',
  }),
  taskQueue: setting('OBFLOW_TASK_QUEUE', {
    schema: z.string(),
    byDefault: 'obflow',
    meaning: 'Temporal task queue of API and worker',
  }),
  ...DEV_SERVER_SETTINGS,
  /** Temporal's Web UI as people's browsers reach it, without a trailing slash; undefined: nobody is sent there. */
  temporalUiUrl: setting('OBFLOW_TEMPORAL_UI_URL', {
    schema: httpUrl,
    shown: "the own dev server's",
    meaning: "Temporal's Web UI as browsers reach it; task documents link to it",
  }),
  logLevel: setting('OBFLOW_LOG_LEVEL', {
    schema: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`),
    byDefault: 'info',
    meaning: 'trace, debug, info, warn, error, fatal or silent',
  }),
  /** Undefined: pretty when stderr is a terminal, else json. */
  logFormat: setting('OBFLOW_LOG_FORMAT', {
    schema: z.enum(['json', 'pretty'], 'must be json or pretty'),
    shown: 'pretty on a terminal, else json',
    meaning: 'json: one JSON line an event (set so, what is said at start and stop too); pretty: for people',
  }),
};

const HOST_SETTINGS = {
  /** For an SSH login, from the TCP connection to an open session. */
  sshLoginSeconds: setting('OBFLOW_SSH_LOGIN_SECONDS', {
    schema: z
      .string()
      .regex(/^\d{1,4}$/, 'must be a number of seconds, 1 to 600')
      .transform(Number)
      .refine((seconds) => seconds >= 1 && seconds <= 600, 'must be a number of seconds, 1 to 600'),
    byDefault: '60',
    meaning:
      'seconds that an SSH login may take; hosts whose sshd waits for name servers (UseDNS) or directories (PAM) need many',
  }),
  /** Pause between two rounds of the background look (worker/look.ts); 0 = off. */
  lookSeconds: setting('OBFLOW_LOOK_SECONDS', {
    schema: z
      .string()
      .regex(/^\d{1,4}$/, 'must be a number of seconds, 0 to 3600, 0 = off')
      .transform(Number)
      .refine((seconds) => seconds <= 3_600, 'must be a number of seconds, 0 to 3600, 0 = off'),
    byDefault: '15',
    meaning:
      'seconds between two looks of a worker at every OBProxy (at hosts and OceanBase clusters every fourth time), which show what is dead; 0 = off',
  }),
};

const TASK_SETTINGS = {
  /** How strictly "Pre check for install OB" judges the size of hosts; see oceanbase/hostRequirements.ts. */
  hostRequirements: setting('OBFLOW_HOST_REQUIREMENTS', {
    schema: z.enum(['production', 'small'], 'must be production or small'),
    byDefault: 'production',
    meaning:
      'small: too little memory, disk or kernel limits are warnings when an OBServer is added (test hosts)',
  }),
  /** Days after which the API deletes ended tasks; 0 = never. */
  taskRetentionDays: setting('OBFLOW_TASK_RETENTION_DAYS', {
    schema: days,
    byDefault: '0',
    shown: '0, never',
    meaning: 'days after which the API deletes ended tasks with their documents and logs',
  }),
  /** A task's workflow continues as new after so many events at the latest; undefined: the interpreter's own limit. */
  continueAfter: setting('OBFLOW_TASK_HISTORY_EVENTS', {
    schema: historyEvents,
    shown: '10000',
    meaning:
      'events of a history, 50 to 40000, after which a task goes on in a new run of its workflow if Temporal has not suggested one before (tasks accepted from then on)',
  }),
  /** Id of a namespace that open tasks may be given up for; see store/types/temporal.ts. */
  acceptTemporal: setting('OBFLOW_ACCEPT_TEMPORAL', {
    schema: z.string(),
    meaning:
      'id of a Temporal namespace, named where it is refused: to be used although open tasks are in another one; they end as FAILED',
  }),
  /** Days after which the API deletes audit events; 0 = never. A year and a month: a look once a year misses nothing. */
  auditRetentionDays: setting('OBFLOW_AUDIT_RETENTION_DAYS', {
    schema: days,
    byDefault: '400',
    meaning: 'days after which the API deletes audit events; 0 = never',
  }),
};

/** Read by the Temporal SDK (@temporalio/envconfig), see runtime/temporal.ts. */
const TEMPORAL_SETTINGS = {
  address: setting('TEMPORAL_ADDRESS', {
    schema: z.string(),
    shown: 'an own dev server',
    meaning:
      'a Temporal to use instead, with TEMPORAL_NAMESPACE, TEMPORAL_TLS_*, TEMPORAL_API_KEY, TEMPORAL_PROFILE as the temporal command reads them',
  }),
};

/** Every environment variable that obflow reads, in the order `--help` shows them. */
export const ENVIRONMENT: readonly Setting<unknown>[] = [
  GENERAL_SETTINGS,
  HTTP_SETTINGS,
  ADDRESS_SETTINGS,
  HOST_SETTINGS,
  TASK_SETTINGS,
  TEMPORAL_SETTINGS,
  CLIENT_SETTINGS,
].flatMap((group): Setting<unknown>[] => Object.values(group));

/** The variables that name a file with a setting in it. */
export const FILE_VARIABLES: readonly string[] = ENVIRONMENT.filter(({ inFile }) => inFile).map(
  ({ name }) => `${name}_FILE`,
);

/** Names that are no typing error. */
export const KNOWN_VARIABLES: readonly string[] = [...ENVIRONMENT.map(({ name }) => name), ...FILE_VARIABLES];

type General = ValuesOf<typeof GENERAL_SETTINGS>;
/** What is made of other settings when it is not set. */
type Computed = 'publicUrl' | 'databaseUrl' | 'masterKeyFile';

/** Settings of API and worker, parsed once from the environment (see cli `obflow up --help`). */
export interface RuntimeConfig
  extends Omit<General, Computed | 'databasePassword' | 'temporalCli'>,
    ValuesOf<typeof HOST_SETTINGS>,
    ValuesOf<typeof TASK_SETTINGS> {
  /** Base URL under which hosts reach this API's /services, without a trailing slash. */
  readonly publicUrl: NonNullable<General['publicUrl']>;
  /** `file:/abs/path` or `postgres://…`, the password in it. */
  readonly databaseUrl: NonNullable<General['databaseUrl']>;
  readonly masterKeyFile: NonNullable<General['masterKeyFile']>;
  /** TLS, limits and throttling of the API. */
  readonly http: HttpSettings;
  /** Where API and worker may connect to on the word of users, hosts and clusters. */
  readonly addresses: AddressPolicy;
}

/**
 * Reads the environment once. Warns about unknown OBFLOW_* variables, which are mostly typing errors.
 * Throws ConfigError when a value cannot be used; secrets are not repeated in it.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): {
  config: RuntimeConfig;
  warnings: string[];
} {
  const [general, http, networks, host, task] = allOf(
    () => readSettings(GENERAL_SETTINGS, env),
    () => readHttpSettings(env),
    () => readSettings(ADDRESS_SETTINGS, env),
    () => readSettings(HOST_SETTINGS, env),
    () => readSettings(TASK_SETTINGS, env),
  );
  const { publicUrl, databaseUrl: url, databasePassword, masterKeyFile, temporalCli: _, ...rest } = general;
  return {
    config: {
      ...rest,
      ...host,
      ...task,
      publicUrl: publicUrl ?? defaultPublicUrl(rest.listen, http.tls !== undefined),
      databaseUrl: withPassword(url ?? `file:${path.join(rest.dataDir, 'obflow.db')}`, databasePassword),
      masterKeyFile: masterKeyFile ?? path.join(rest.dataDir, 'master.key'),
      http,
      addresses: addressPolicy(networks),
    },
    warnings: unknownVariables(env),
  };
}

/** The results of all; one ConfigError with the problems of all. */
function allOf<T extends readonly unknown[]>(...read: { readonly [K in keyof T]: () => T[K] }): T {
  const problems: string[] = [];
  const values = read.map((one) => {
    try {
      return one();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return values as unknown as T;
}

/** Whether this environment says where the API is reached, or where it listens. */
export function namesPublicUrl(env: NodeJS.ProcessEnv): boolean {
  return [GENERAL_SETTINGS.publicUrl, GENERAL_SETTINGS.listen].some(({ name }) => Boolean(env[name]));
}

/**
 * `http(s)://<first address>`, or the first plain one, which OBProxies can read without trusting a certificate; a
 * wildcard address becomes this machine's first other than loopback, because hosts cannot connect to 0.0.0.0.
 */
export function defaultPublicUrl(addresses: RuntimeConfig['listen'], tls = false): string {
  const first = addresses.find(({ plain }) => plain) ?? addresses[0] ?? { host: '127.0.0.1', port: 8080 };
  const host = first.host === '0.0.0.0' || first.host === '::' ? ownAddress() : first.host;
  const scheme = tls && first.plain !== true ? 'https' : 'http';
  return `${scheme}://${addressText(host, first.port)}`;
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
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('OBFLOW_') && (value ?? '') !== '')
    .map(([name]) => name)
    .filter((name) => !KNOWN_VARIABLES.includes(name) && !OTHER_KNOWN.test(name))
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
