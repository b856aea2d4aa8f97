import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ENVIRONMENT, readConfig } from '../../runtime/config';
import { ConfigError, readSettings } from '../../runtime/setting';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('Configuration', () => {
  it('needs no variable at all', () => {
    expect(readConfig({})).toEqual({
      config: {
        listen: [{ host: '127.0.0.1', port: 8080 }],
        publicUrl: 'http://127.0.0.1:8080',
        dataDir: path.resolve('.obflow'),
        databaseUrl: `file:${path.resolve('.obflow/obflow.db')}`,
        masterKeyFile: path.resolve('.obflow/master.key'),
        servicesToken: undefined,
        adminPassword: undefined,
        taskQueue: 'obflow',
        temporalPort: 7233,
        temporalUiPort: 8233,
        addresses: { fault: expect.any(Function), faultText: expect.any(Function) },
        sshLoginSeconds: 60,
        lookSeconds: 15,
        hostRequirements: 'production',
        taskRetentionDays: 0,
        auditRetentionDays: 400,
        logLevel: 'info',
        logFormat: undefined,
        http: {
          tls: undefined,
          rateLimit: [{ limit: 5000, seconds: 10 }],
          addressRateLimit: [{ limit: 1000, seconds: 10 }],
          trustedProxies: [],
          maxConnections: 2000,
          console: true,
          minRate: { limit: 8192, seconds: 30 },
          maxPackageBytes: 8 * 1024 ** 3,
        },
      },
      warnings: [],
    });
  });

  it('puts database and master key into the data folder', () => {
    const { config } = readConfig({ OBFLOW_DATA_DIR: '/var/lib/x' });
    expect(config.databaseUrl).toBe('file:/var/lib/x/obflow.db');
    expect(config.masterKeyFile).toBe('/var/lib/x/master.key');
  });

  it('listens on several addresses, IPv6 included', () => {
    const { config } = readConfig({ OBFLOW_LISTEN: '127.0.0.1:9000, [::1]:9001,ob.example:0' });
    expect(config.listen).toEqual([
      { host: '127.0.0.1', port: 9000 },
      { host: '::1', port: 9001 },
      { host: 'ob.example', port: 0 },
    ]);
    expect(config.publicUrl).toBe('http://127.0.0.1:9000');
  });

  it('never tells hosts to connect to a wildcard address', () => {
    expect(readConfig({ OBFLOW_LISTEN: '0.0.0.0:8080' }).config.publicUrl).not.toContain('0.0.0.0');
    expect(readConfig({ OBFLOW_LISTEN: '[::]:8080' }).config.publicUrl).not.toContain('[::]');
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ OBFLOW_LISTEN: '', OBFLOW_DATABASE_URL: '' }).config.listen).toHaveLength(1);
  });

  it('strips the slash of the public URL', () => {
    expect(readConfig({ OBFLOW_PUBLIC_URL: 'https://ob.example/x/' }).config.publicUrl).toBe(
      'https://ob.example/x',
    );
  });

  it.each([
    ['OBFLOW_LISTEN', '8080'],
    ['OBFLOW_LISTEN', '127.0.0.1:65536'],
    ['OBFLOW_LISTEN', '127.0.0.1:8080,'],
    ['OBFLOW_PUBLIC_URL', '10.0.0.1:8080'],
    ['OBFLOW_DATABASE_URL', 'mysql://u:hunter2secret@h/d'],
    ['OBFLOW_ADMIN_PASSWORD', 'hunter2'],
    ['OBFLOW_TEMPORAL_PORT', '-1'],
    ['OBFLOW_TEMPORAL_UI_PORT', '70000'],
    ['OBFLOW_LOG_LEVEL', 'loud'],
    ['OBFLOW_LOG_FORMAT', 'xml'],
    ['OBFLOW_RATE_LIMIT', '100'],
    ['OBFLOW_RATE_LIMIT', '100/10s,5/1w'],
    ['OBFLOW_RATE_LIMIT', '0/10s'],
    ['OBFLOW_RATE_LIMIT_ADDRESS', '100/99999d'],
    ['OBFLOW_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['OBFLOW_TRUSTED_PROXIES', 'proxy.example'],
    ['OBFLOW_ALLOWED_ADDRESSES', '10.0.0.0/8;10.1.0.0/16'],
    ['OBFLOW_ALLOWED_ADDRESSES', 'fe80::1%eth0'],
    ['OBFLOW_DENIED_ADDRESSES', '10.0.0.0/-1'],
    ['OBFLOW_MAX_CONNECTIONS', '0'],
    ['OBFLOW_MIN_RATE', '8192'],
    ['OBFLOW_MAX_PACKAGE_MB', '1e3'],
    ['OBFLOW_TASK_RETENTION_DAYS', 'soon'],
  ])('names %s when its value %s cannot be used', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} must `));
    expect(problems[0]).not.toContain('hunter2');
  });

  it('reads windows of requests, networks and a rate', () => {
    const { http } = readConfig({
      OBFLOW_RATE_LIMIT: '50/10s, 1000/1h,5000/1d',
      OBFLOW_RATE_LIMIT_ADDRESS: 'off',
      OBFLOW_TRUSTED_PROXIES: '10.0.0.7, 192.168.0.0/16,2001:db8::/32',
      OBFLOW_MIN_RATE: 'off',
      OBFLOW_MAX_PACKAGE_MB: '3',
    }).config;
    expect(http).toMatchObject({
      rateLimit: [
        { limit: 50, seconds: 10 },
        { limit: 1000, seconds: 3600 },
        { limit: 5000, seconds: 86_400 },
      ],
      addressRateLimit: [],
      trustedProxies: ['10.0.0.7', '192.168.0.0/16', '2001:db8::/32'],
      minRate: undefined,
      maxPackageBytes: 3 * 1024 ** 2,
    });
  });

  it('takes certificate and key together only, and speaks https then', () => {
    const pair = { OBFLOW_TLS_CERT: 'tls/cert.pem', OBFLOW_TLS_KEY: '/etc/obflow/key.pem' };
    const { config } = readConfig(pair);
    expect(config.http.tls).toEqual({
      certFile: path.resolve('tls/cert.pem'),
      keyFile: '/etc/obflow/key.pem',
    });
    expect(config.publicUrl).toBe('https://127.0.0.1:8080');
    for (const name of ['OBFLOW_TLS_CERT', 'OBFLOW_TLS_KEY'] as const) {
      expect(problemsOf({ ...pair, [name]: '' })).toEqual([
        expect.stringMatching(new RegExp(`^${name} must `)),
      ]);
    }
  });

  it('keeps one address plain beside TLS, and tells hosts to use that', () => {
    const { config } = readConfig({
      OBFLOW_TLS_CERT: 'c',
      OBFLOW_TLS_KEY: 'k',
      OBFLOW_LISTEN: '0.0.0.0:8443,http://10.0.0.5:8080',
    });
    expect(config.listen).toEqual([
      { host: '0.0.0.0', port: 8443 },
      { host: '10.0.0.5', port: 8080, plain: true },
    ]);
    expect(config.publicUrl).toBe('http://10.0.0.5:8080');
  });

  it('names every wrong variable at once', () => {
    expect(problemsOf({ OBFLOW_LISTEN: 'x', OBFLOW_LOG_LEVEL: 'x' })).toHaveLength(2);
  });

  it('puts the password into a PostgreSQL URL that has none, whatever its letters', () => {
    const password = 'p@ss/wo:rd%41 #?é';
    const url = (databaseUrl: string) =>
      new URL(
        readConfig({ OBFLOW_DATABASE_URL: databaseUrl, OBFLOW_DATABASE_PASSWORD: password }).config
          .databaseUrl,
      );
    expect(decodeURIComponent(url('postgres://me@db:5432/obflow').password)).toBe(password);
    expect(url('postgres://me@db:5432/obflow').host).toBe('db:5432');
    expect(decodeURIComponent(url('postgres://me@%2Frun%2Fpg/obflow').password)).toBe(password);
    expect(url('postgres://me:other@db/obflow').password).toBe('other');
    expect(url('file:/x/y.db').href).toBe('file:///x/y.db');
  });

  describe('of secrets in files', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-secrets-'));
    const file = path.join(folder, 'secret');
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const inFiles = ENVIRONMENT.filter((variable) => variable.inFile).map((variable) => variable.name);
    it.each(inFiles)('takes %s from the file that its _FILE names', (name) => {
      const text =
        name === 'OBFLOW_DATABASE_URL'
          ? 'postgres://me:hunter2secret@db/x'
          : `hunter2secret${name === 'OBFLOW_SERVICES_TOKEN' ? '-of-at-least-32-letters' : ''}`;
      writeFileSync(file, `${text}\n`);
      const { config, warnings } = readConfig({
        OBFLOW_DATABASE_URL_FILE: '',
        ...(name === 'OBFLOW_DATABASE_PASSWORD' ? { OBFLOW_DATABASE_URL: 'postgres://me@db/x' } : {}),
        [`${name}_FILE`]: file,
      });
      expect(warnings).toEqual([]);
      if (/DATABASE/.test(name)) expect(config.databaseUrl).toBe('postgres://me:hunter2secret@db/x');
      if (name === 'OBFLOW_ADMIN_PASSWORD') expect(config.adminPassword).toBe('hunter2secret');
      const [setting] = ENVIRONMENT.filter((variable) => variable.name === name);
      expect(readSettings({ text: setting! }, { [`${name}_FILE`]: file })).toEqual({ text });
    });

    it('says which file cannot be used, and never what is in one', () => {
      writeFileSync(file, 'hunter2');
      expect(problemsOf({ OBFLOW_ADMIN_PASSWORD_FILE: `${file}.missing` })).toEqual([
        `OBFLOW_ADMIN_PASSWORD_FILE names ${file}.missing, which cannot be read (ENOENT).`,
      ]);
      expect(problemsOf({ OBFLOW_ADMIN_PASSWORD_FILE: file, OBFLOW_ADMIN_PASSWORD: 'hunter2long' })).toEqual([
        'OBFLOW_ADMIN_PASSWORD and OBFLOW_ADMIN_PASSWORD_FILE are both set; set one of them.',
      ]);
      expect(problemsOf({ OBFLOW_ADMIN_PASSWORD_FILE: file }).join()).not.toContain('hunter2');
      writeFileSync(file, '\n');
      expect(problemsOf({ OBFLOW_ADMIN_PASSWORD_FILE: file })).toEqual([expect.stringContaining('empty')]);
    });
  });

  it('warns about an unknown variable and goes on', () => {
    const { warnings } = readConfig({ OBFLOW_DATADIR: '/x', OBFLOW_URL: 'http://h', OTHER: '1' });
    expect(warnings).toEqual([expect.stringContaining('OBFLOW_DATADIR')]);
  });

  it('knows a default or a meaning for every variable it lists', () => {
    for (const variable of ENVIRONMENT) expect(variable.meaning).not.toBe('');
    expect(new Set(ENVIRONMENT.map(({ name }) => name)).size).toBe(ENVIRONMENT.length);
  });
});

test('OBFLOW_TASK_HISTORY_EVENTS is left to the interpreter unless it is set, and has bounds', () => {
  expect(readConfig({}).config.continueAfter).toBeUndefined();
  expect(readConfig({ OBFLOW_TASK_HISTORY_EVENTS: '' }).config.continueAfter).toBeUndefined();
  expect(readConfig({ OBFLOW_TASK_HISTORY_EVENTS: '50' }).config.continueAfter).toBe(50);
  for (const text of ['49', '40001', '1e3', 'many']) {
    expect(() => readConfig({ OBFLOW_TASK_HISTORY_EVENTS: text })).toThrow(
      /OBFLOW_TASK_HISTORY_EVENTS must be/,
    );
  }
});
