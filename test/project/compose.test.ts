import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { parse } from 'yaml';
import { ENVIRONMENT, KNOWN_VARIABLES, readConfig } from '../../runtime/config';
import { repositoryRoot } from '../../runtime/paths';
import { dockerfile } from './dockerfile';

interface Service {
  readonly image?: string;
  readonly build?: { context: string; target?: string };
  readonly command?: readonly string[];
  readonly depends_on?: Record<string, { condition: string }>;
  readonly environment?: Record<string, string>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly configs?: readonly { source: string }[];
  readonly healthcheck?: { test: readonly string[] };
  readonly profiles?: readonly string[];
}
interface Compose {
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, unknown>;
  readonly secrets: Record<string, { file: string }>;
  readonly configs: Record<string, { content: string }>;
}

const root = repositoryRoot();
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
/** What obflow's programs read; DEMO_* only the demo of the profile. */
const KNOWN = [...KNOWN_VARIABLES, 'TEMPORAL_NAMESPACE'];

/** Settings that nobody sets from outside, and why. */
const FIXED: Readonly<Record<string, string>> = {
  OBFLOW_LISTEN: 'the port is published as it stands here',
  OBFLOW_METRICS_LISTEN: 'the health check asks there',
  OBFLOW_DATA_DIR: 'the volume of all',
  OBFLOW_DATABASE_URL: 'the PostgreSQL beside it',
  OBFLOW_DATABASE_PASSWORD: 'a secret that docker/make-secrets.sh makes',
  OBFLOW_ADMIN_PASSWORD: 'a secret that docker/make-secrets.sh makes',
  TEMPORAL_ADDRESS: 'the Temporal beside it',
};
/** Settings that are not passed at all, and why. */
const MEANINGLESS: Readonly<Record<string, string>> = {
  OBFLOW_MASTER_KEY_FILE: 'the first start makes it, and nothing but the data folder can be written to',
  OBFLOW_TASK_QUEUE: 'nobody else uses this Temporal',
  OBFLOW_TEMPORAL_PORT: 'of the dev server, which is not started',
  OBFLOW_TEMPORAL_UI_PORT: 'of the dev server, which is not started',
  OBFLOW_TEMPORAL_CLI: 'of the dev server, which is not started',
  OBFLOW_URL: 'of client commands: given to docker compose exec',
  OBFLOW_USER: 'of client commands: given to docker compose exec',
  OBFLOW_PASSWORD: 'of client commands: given to docker compose exec',
  OBFLOW_ACCESS_KEY_ID: 'of client commands: given to docker compose exec',
  OBFLOW_ACCESS_KEY_SECRET: 'of client commands: given to docker compose exec',
  OBFLOW_CA_FILE: 'of client commands: given to docker compose exec',
};

let secrets: string;
beforeAll(() => {
  secrets = mkdtempSync(path.join(os.tmpdir(), 'obflow-secrets-'));
  execFileSync('sh', [path.join(root, 'docker/make-secrets.sh'), secrets]);
});
afterAll(() => rmSync(secrets, { recursive: true, force: true }));

describe('docker-compose.yml', () => {
  it('is what the Compose specification allows', () => {
    const schema = JSON.parse(read('test/golden/compose-spec.schema.json')) as object;
    const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...compose, services: { api: { comand: ['api'] } } })).toBe(false);
  });

  it('runs PostgreSQL, Temporal, its Web UI, API and worker; the demo only when asked for', () => {
    const always = services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(always).toEqual(
      expect.arrayContaining(['postgresql', 'temporal', 'temporal-ui', 'api', 'worker']),
    );
    expect(services.filter(([, { profiles }]) => profiles?.includes('demo')).map(([name]) => name)).toEqual([
      'demo-host',
      'demo',
    ]);
  });

  it.each(services)(
    '%s refers only to services, volumes, secrets and configs that exist',
    (_name, service) => {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(Object.keys(compose.services)).toContain(other);
        if (condition === 'service_healthy') expect(compose.services[other]?.healthcheck).toBeDefined();
      }
      for (const volume of service.volumes ?? [])
        expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
      for (const { source } of service.configs ?? []) expect(Object.keys(compose.configs)).toContain(source);
    },
  );

  it.each(services)(
    '%s reads secrets that it is given, from files and never from the environment',
    (_name, service) => {
      const used = JSON.stringify(service).matchAll(/\/run\/secrets\/([\w-]+)/g);
      for (const [, secret] of used) expect(service.secrets).toContain(secret);
      for (const [name, value] of Object.entries(service.environment ?? {}))
        if (!value.includes('/run/secrets/')) expect(name).not.toMatch(/(PASSWORD|PWD|KEY|TOKEN)$/);
    },
  );

  it('finds every secret where docker/make-secrets.sh puts them, readable in containers and closed to other users', () => {
    const ours = Object.values(compose.secrets).filter(({ file }) => file.includes('OBFLOW_SECRETS'));
    expect(ours.length).toBe(2);
    for (const { file } of ours) {
      const made = file.replace(/^\$\{OBFLOW_SECRETS:-\.\/secrets\}/, secrets);
      expect(readFileSync(made, 'utf8')).toMatch(/^[0-9a-f]{36}\n$/);
      expect(statSync(made).mode & 0o444).toBe(0o444);
    }
    expect(statSync(secrets).mode & 0o077).toBe(0);
    const before = readFileSync(path.join(secrets, 'admin-password'), 'utf8');
    execFileSync('sh', [path.join(root, 'docker/make-secrets.sh'), secrets]);
    expect(readFileSync(path.join(secrets, 'admin-password'), 'utf8')).toBe(before);
    for (const ignore of ['.gitignore', '.dockerignore']) expect(read(ignore)).toMatch(/^secrets\/?$/m);
  });

  it.each(services)('builds %s from files that exist, up to a stage that exists', (_name, { build }) => {
    if (build === undefined) return;
    const stages = dockerfile(path.join(root, build.context, 'Dockerfile'));
    if (build.target !== undefined) expect(stages.map(({ name }) => name)).toContain(build.target);
    for (const { from, sources } of stages.flatMap(({ copies }) => copies)) {
      if (from !== undefined) expect(stages.map(({ name }) => name)).toContain(from);
      else
        for (const source of sources) expect(existsSync(path.join(root, build.context, source))).toBe(true);
    }
  });

  it.each(['api', 'worker'])(
    'starts %s as a command that obflow has, with settings that it accepts',
    (name) => {
      const service = compose.services[name];
      const help = execFileSync(process.execPath, [path.join(root, 'bin/obflow.js'), '--help']).toString();
      expect(help).toMatch(new RegExp(`^ +${service?.command?.[0]}\\b`, 'm'));
      const environment = service?.environment ?? {};
      for (const variable of Object.keys(environment)) expect(KNOWN).toContain(variable);
      const filled = Object.fromEntries(
        Object.entries(environment).map(([variable, value]) => [
          variable,
          value
            .replace('/run/secrets', secrets)
            .replace(/\$\{OBFLOW_PUBLIC_URL:\?[^}]*\}/, 'http://10.0.0.5:8080')
            .replace(/\$\{\w+:-([^}]*)\}/g, '$1')
            .replace(/\$\{\w+:\+[^}]*\}/g, ''),
        ]),
      );
      const { config, warnings } = readConfig(filled);
      const password = readFileSync(path.join(secrets, 'postgres-password'), 'utf8').trim();
      expect(config.databaseUrl).toBe(`postgres://obflow:${password}@postgresql:5432/obflow`);
      expect(warnings).toEqual([]);
      const admin = readFileSync(path.join(secrets, 'admin-password'), 'utf8').trim();
      expect(config.adminPassword).toBe(name === 'api' ? admin : undefined);
    },
  );

  it.each(['api', 'worker'])('tells a healthy %s by the address that its settings name', async (name) => {
    const { healthcheck, environment } = compose.services[name] ?? {};
    const [, program = '', flag = '', script = ''] = healthcheck?.test ?? [];
    expect(environment?.OBFLOW_METRICS_LISTEN).toBe('0.0.0.0:9464');
    expect(script).toContain('http://127.0.0.1:9464/healthz');
    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end()).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const check = () =>
      new Promise<number | null>((resolve) => {
        const child = spawn(program, [flag, script.replace('9464', String(port))]);
        child.once('exit', resolve);
      });
    try {
      expect(await check()).toBe(0);
      status = 503;
      expect(await check()).toBe(1);
    } finally {
      server.close();
    }
    expect(await check()).toBe(1);
  });

  it('gives the demo only settings that its program reads', () => {
    const program = readdirSync(path.join(root, 'sandbox/containers')).map((file) =>
      read(path.join('sandbox/containers', file)),
    );
    for (const name of Object.keys(compose.services.demo?.environment ?? {})) {
      if (name.startsWith('DEMO_')) expect(program.join('\n')).toContain(`env.${name}`);
      else expect(KNOWN).toContain(name);
    }
  });

  it('passes every setting from outside, with its own default where none is given, or has a reason not to', () => {
    const { api, worker } = compose.services;
    const passed = { ...worker?.environment, ...api?.environment };
    for (const { name, inFile } of ENVIRONMENT) {
      const variable = inFile && passed[name] === undefined ? `${name}_FILE` : name;
      const value = passed[variable];
      if (name in MEANINGLESS) expect([name, value]).toEqual([name, undefined]);
      else if (name in FIXED) expect([name, value]).toEqual([name, expect.not.stringContaining('${')]);
      else expect([name, value]).toEqual([name, expect.stringContaining(`\${${variable}:`)]);
    }
    const known = ENVIRONMENT.map(({ name }) => name);
    for (const name of Object.keys({ ...FIXED, ...MEANINGLESS })) expect(known).toContain(name);
  });

  it('mounts each file that a setting names from outside, or nothing', () => {
    const mounted = Object.values(compose.services.api?.environment ?? {}).flatMap((value) => [
      ...value.matchAll(/^\$\{(\w+):\+\/run\/secrets\/([\w-]+)\}$/g),
    ]);
    expect(mounted.length).toBe(3);
    for (const [, variable, secret = ''] of mounted)
      expect(compose.secrets[secret]?.file).toBe(`\${${variable}:-/dev/null}`);
  });

  it('has the service, the program and the secret that the commands of docs/deploying.md name', () => {
    const [, variable, file = '', service = '', program = ''] =
      /docker compose exec -e (\w+)=\/run\/secrets\/([\w-]+) (\w+) node (\S+)'/.exec(
        read('docs/deploying.md'),
      ) ?? [];
    expect(KNOWN).toContain(variable);
    expect(compose.services[service]?.secrets).toContain(file);
    expect(existsSync(path.join(root, program))).toBe(true);
    expect(
      dockerfile(path.join(root, 'Dockerfile'))
        .at(-1)
        ?.copies.flatMap(({ sources }) => sources),
    ).toContain(`/opt/obflow/${path.dirname(program)}`);
  });

  it('explains every variable it takes from outside in its head', () => {
    const head = text.split('\nname:')[0];
    const taken = [...text.matchAll(/\$\{(\w+)/g)].map(([, variable]) => variable);
    expect(taken.length).toBeGreaterThan(2);
    for (const variable of taken) expect(head).toContain(variable);
  });
});
