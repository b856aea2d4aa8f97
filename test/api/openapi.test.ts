import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { successEnvelope } from '../../api/http/envelope';
import { route } from '../../api/route';
import { repositoryRoot } from '../../runtime/paths';
import { answerCheck } from '../support/declaredAnswers';
import {
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from './harness';

const VALIDATOR = path.join(
  repositoryRoot(),
  'node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js',
);
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

let api: TestApi;
let document: Json;
let operations: { name: string; path: string; method: string; operation: Json }[];
beforeAll(async () => {
  api = await startTestApi();
  document = (await api.send('GET', '/openapi.json')).body;
  operations = Object.entries<Json>(document.paths).flatMap(([where, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({
      name: `${method} ${where}`,
      path: where,
      method,
      operation: item[method],
    })),
  );
});
afterAll(() => api.stop());

/** Published answers of some versions leave out fields that those of others have, and that obflow always answers. */
function complete({ contents, subtasks, ...data }: Json): Json {
  const task = ({ subtasks: own = [], ...rest }: Json): Json => ({
    taskDefinitionId: -1,
    context: { listMap: {}, parallel: false, parallelIdx: -1, stringMap: {} },
    ...rest,
    subtasks: own.map((subtask: Json) => ({ className: 'left.out.Task', ...subtask })),
  });
  return contents === undefined ? task({ ...data, subtasks }) : { ...data, contents: contents.map(task) };
}

describe('/openapi.json', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'obflow-openapi-'));
    try {
      const file = path.join(folder, 'openapi.json');
      await writeFile(file, JSON.stringify(document));
      const { stdout } = await promisify(execFile)(process.execPath, [VALIDATOR, file]);
      expect(JSON.parse(stdout)).toEqual({ valid: true });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    expect(document.openapi).toBe('3.1.0');
  });

  test('says of every operation what it answers, in which form, and how it can be refused', () => {
    for (const { name, operation } of operations) {
      const success = operation.responses[200];
      expect([name, Object.keys(success?.content ?? {}).length]).toEqual([name, 1]);
      expect([name, Object.keys(operation.responses)]).toEqual([
        name,
        expect.arrayContaining(['200', '400', '429', '500', '503']),
      ]);
      if (operation.security === undefined) {
        expect([name, Object.keys(operation.responses)]).toEqual([
          name,
          expect.arrayContaining(['401', '403']),
        ]);
      }
      expect([name, operation.responses.default]).toEqual([name, undefined]);
    }
  });

  test('gives every operation an id of its own', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('offers an Idempotency-Key where one is heeded', () => {
    const heeds = (path: string, method: string) =>
      document.paths[path][method].parameters.some(({ $ref }: Json) => $ref?.endsWith('/IdempotencyKey'));
    expect(heeds('/api/v2/software-packages', 'post')).toBe(true);
    expect(heeds('/api/v2/iam/users', 'post')).toBe(true);
    expect(heeds('/api/v2/iam/users', 'get')).toBe(false);
    expect(heeds('/api/v1/tasks/instances/{taskInstanceId}/downloadDiagnosis', 'post')).toBe(false);
  });

  test('names the ways to log in', () => {
    expect(document.components.securitySchemes).toMatchObject({
      basic: { type: 'http', scheme: 'basic' },
      accessKey: { type: 'apiKey', in: 'header', name: 'Authorization' },
    });
    expect(document.security).toEqual([{ basic: [] }, { accessKey: [] }, { session: [] }]);
  });

  test('shows ids and flags in URLs as numbers and booleans, lists as comma separated', () => {
    const parameters = (where: string) =>
      Object.fromEntries(
        document.paths[where].get.parameters.map((parameter: Json) => [parameter.name, parameter]),
      );
    expect(parameters('/api/v2/compute/hosts/{hostId}').hostId.schema).toMatchObject({
      type: 'integer',
      minimum: 1,
    });
    const list = parameters('/api/v2/compute/hosts');
    expect(list.page.schema).toMatchObject({ type: 'integer', minimum: 1, default: 1 });
    expect(list.status).toMatchObject({ style: 'form', explode: false, schema: { type: 'array' } });
    expect(parameters('/api/status').includeUnavailableComponent.schema).toEqual({
      type: 'boolean',
      default: false,
    });
  });

  test('has the published samples as examples, and they fit the schemas', async () => {
    const withExamples = operations.filter(
      ({ operation }) => operation.requestBody?.content['application/json']?.example !== undefined,
    );
    const ajv = new Ajv2020({ strict: false, validateSchema: false });
    addFormats(ajv);
    ajv.addSchema(document, 'api');
    for (const { name, operation } of withExamples) {
      const { schema, example } = operation.requestBody.content['application/json'];
      const valid = ajv.compile({ ...schema, components: document.components });
      expect([name, valid(example), valid.errors]).toEqual([name, true, null]);
      const answer = operation.responses[200].content['application/json'];
      const fits = ajv.compile({ ...answer.schema, components: document.components });
      // Ours, which the published answer cannot have.
      const ours = { obproxyClusterId: 1, subtasks: [], startupParameters: [], parameters: [] };
      const { data: published } = answer.example;
      const data = published === undefined ? undefined : complete({ ...ours, ...published });
      expect([name, fits({ ...answer.example, data }), fits.errors]).toEqual([name, true, null]);
    }
    expect(withExamples.map(({ operation }) => operation.operationId).sort()).toEqual([
      'patch_obproxy_clusters_id',
      'post_compute_hosts_batchCreate',
      'post_compute_hosts_batchDelete',
      'post_ob_clusters',
      'post_ob_clusters_id_changePassword',
      'post_ob_clusters_id_moveOut',
      'post_ob_clusters_id_restart',
      'post_ob_clusters_id_servers',
      'post_ob_clusters_id_servers_batchDelete',
      'post_ob_clusters_id_servers_serverId_replace',
      'post_ob_clusters_id_servers_serverId_restart',
      'post_ob_clusters_id_servers_serverId_stop',
      'post_ob_clusters_id_stop',
      'post_ob_clusters_id_zones',
      'post_ob_clusters_id_zones_zoneName_restart',
      'post_ob_clusters_id_zones_zoneName_stop',
      'post_ob_clusters_takeOver',
      'post_ob_clusters_takeOverPreCheck',
      'post_obproxy_clusters',
      'post_obproxy_clusters_id_obLinks_batchAdd',
      'post_obproxy_clusters_id_obproxies_batchAdd',
      'post_obproxy_clusters_id_obproxies_obproxyIds_upgrade',
      'post_obproxy_clusters_id_password',
      'post_obproxy_clusters_id_servers_delete',
      'post_obproxy_clusters_id_servers_refresh',
      'post_obproxy_clusters_id_servers_restart',
      'post_obproxy_clusters_id_servers_start',
      'post_obproxy_clusters_id_servers_stop',
      'post_obproxy_clusters_id_servers_upgrade',
      'post_obproxy_clusters_id_takeOver',
      'put_ob_clusters_id_parameters',
      'put_obproxy_clusters_id_parameters',
    ]);
  });
});

describe('what is declared of answers', () => {
  test('holds for every GET with something in every list', async () => {
    const hostId = await givenHost(api.store, '127.0.0.9', {}, 9);
    const clusterId = await givenProxyCluster(api.store, 'watched');
    const obClusterId = await givenObCluster(api.store, 'observed', 1, '127.0.0.9', { sqlPort: 9 });
    const part = await givenPackage(api.store, { version: '4.3.1.0', release: '1.el7' });
    const type = await api.store.places.hostTypes.add({ name: 'large', description: null });
    const batch = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`, {
      hostIds: [hostId],
      sqlPort: 2883,
      exporterPort: 2884,
      version: part.fileName,
    });
    expect(batch.status).toBe(200);
    const [task] = batch.body.data.contents;
    const ids: Record<string, string> = {
      hostId: String(hostId),
      hostTypeId: String(type.id),
      taskInstanceId: String(task.id),
      subtaskInstanceId: String(task.subtasks[0].id),
      fileName: part.fileName,
      file: 'start.js',
    };
    const statuses: Record<string, number> = {};
    for (const { path: template, method, name, operation } of operations) {
      if (method !== 'get' || operation.responses[200].content['text/event-stream'] !== undefined) continue;
      // 100 is admin.
      const fallback = template.startsWith('/api/v2/iam/')
        ? 100
        : template.startsWith('/api/v2/ob/')
          ? obClusterId
          : clusterId;
      const url = template.replace(/\{(\w+)\}/g, (_match, key: string) => ids[key] ?? String(fallback));
      // `send` compares the answer with what is declared.
      statuses[name] = (await api.send('GET', url)).status;
    }
    const refused = Object.entries(statuses).filter(([, status]) => status !== 200);
    // The package has no file here, the config server was asked for nothing, no host has an agent, and nobody answers SQL.
    expect(Object.fromEntries(refused)).toEqual({
      'get /api/v2/compute/hosts/{hostId}/agent': 404,
      'get /api/v2/files/sys-package/{fileName}': 404,
      'get /api/v2/ob/clusters/parameterInfo': 503,
      'get /api/v2/ob/clusters/{id}/parameters': 503,
      'get /services': 404,
    });
  });

  test('is compared strictly: fields too many or missing, other statuses and media types are noticed', () => {
    const declared = route(
      {
        ...{ method: 'GET', path: '/things/{id}', permission: undefined, tag: 'T', summary: 'S' },
        params: z.object({ id: z.string() }),
        answer: z.object({ name: z.string() }),
      },
      async () => ({ name: '' }),
    );
    const check = answerCheck([declared]);
    const answer = (data: Json, status = 200, type = 'application/json') =>
      check('GET', '/things/1', {
        status,
        type,
        text: JSON.stringify(successEnvelope({ traceId: '0'.repeat(16), receivedAt: 0, server: '' }, data)),
      });
    expect(() => answer({ name: 'x' })).not.toThrow();
    expect(() => answer({ name: 'x', more: 1 })).toThrow('"more"');
    expect(() => answer({})).toThrow('"name"');
    expect(() => answer(undefined)).toThrow('"data"');
    expect(() => answer({ name: 'x' }, 201)).toThrow('does not declare 201');
    expect(() => answer({ name: 'x' }, 404)).toThrow('not as declared');
    expect(() => answer({ name: 'x' }, 200, 'text/plain')).toThrow('text/plain is not declared');
  });
});
