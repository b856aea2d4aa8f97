import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ENVIRONMENT, readConfig } from '../../runtime/config';
import { repositoryRoot } from '../../runtime/paths';

interface Service {
  readonly image?: string;
  readonly command?: unknown;
  readonly depends_on?: Record<string, { condition: string }>;
  readonly environment?: Record<string, string>;
  readonly volumes?: readonly string[];
  readonly configs?: readonly { source: string }[];
  readonly healthcheck?: unknown;
}
interface Compose {
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, unknown>;
  readonly configs: Record<string, { content: string }>;
}

const read = (name: string) => readFileSync(path.join(repositoryRoot(), name), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  it('runs PostgreSQL, Temporal, its Web UI, API and worker', () => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['postgresql', 'temporal', 'temporal-ui', 'api', 'worker']),
    );
    expect(compose.services.api?.command).toEqual(['api']);
    expect(compose.services.worker?.command).toEqual(['worker']);
  });

  it.each(services)('%s refers only to services, volumes and configs that exist', (_name, service) => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(Object.keys(compose.services)).toContain(other);
      if (condition === 'service_healthy') expect(compose.services[other]?.healthcheck).toBeDefined();
    }
    for (const volume of service.volumes ?? [])
      expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    for (const { source } of service.configs ?? []) expect(Object.keys(compose.configs)).toContain(source);
  });

  it.each(['api', 'worker'])('gives %s settings that obflow knows and accepts', (name) => {
    const known = [...ENVIRONMENT.map((variable) => variable.name), 'TEMPORAL_NAMESPACE'];
    const environment = compose.services[name]?.environment ?? {};
    for (const variable of Object.keys(environment)) expect(known).toContain(variable);
    const filled = Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [
        variable,
        value
          .replace(/\$\{OBFLOW_PUBLIC_URL:\?\}/, 'http://10.0.0.5:8080')
          .replace(/\$\{\w+:-([^}]*)\}/g, '$1')
          .replace(/\$\{\w+:\?\}/g, 'aPassword1'),
      ]),
    );
    expect(readConfig(filled).config.databaseUrl).toBe('postgres://obflow:aPassword1@postgresql:5432/obflow');
  });

  it('asks for every variable it takes from outside in its head', () => {
    const head = read('docker-compose.yml').split('\nname:')[0];
    for (const [, variable] of read('docker-compose.yml').matchAll(/\$\{(\w+):\?\}/g))
      expect(head).toContain(variable);
  });
});
