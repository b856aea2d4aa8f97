import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  type ObParameter,
  type ObParameterFacts,
  parameterServer,
  shownValue,
} from '../../oceanbase/clusterParameters';
import { compareVersions } from '../../oceanbase/versions';
import { obClusterById } from '../../operations/observerPreconditions';
import { allObClusters } from '../../operations/preconditions';
import { Refusal } from '../../operations/refusal';
import { publishedSample } from '../../operations/samples';
import { IdPath, QueryText } from '../../operations/schemas';
import { type Said, say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { ObClusterRow } from '../../store/types';
import { contentsOf, listOf } from '../http/answers';
import { answerLanguage, spoken } from '../http/messages/language';
import { type Asking, askAsSys } from '../objects/askCluster';
import { setClusterParameters } from '../objects/setClusterParameters';
import { type ApiServices, type Route, route } from '../route';
import { ObClusterParameterDocument, ParameterInfoDocument, SetParametersBody } from './obParameterSchemas';

const TAG = 'OceanBase';
const PARALLEL_LOOKS = 8;

/** An id that needs no table: 48 bits of the name's digest. */
function idOf(name: string): number {
  return Number.parseInt(createHash('sha256').update(name).digest('hex').slice(0, 12), 16);
}

/** OceanBase's word for a type as OCP's. */
function typeOf({ type }: ObParameterFacts): string {
  return type === 'STR_LIST' ? 'STRING_LIST' : type;
}

function infoDocument({ name, facts }: ObParameter, version: string): z.input<typeof ParameterInfoDocument> {
  return {
    ...{ id: idOf(name), name, version, type: typeOf(facts) },
    allowedStringValues: null,
    maxValue: facts.range?.max?.text ?? null,
    minValue: facts.range?.min?.text ?? null,
    defaultValue: facts.defaultValue === '' ? null : shownValue(name, facts.defaultValue),
    ...{ needRestart: facts.needRestart, readonly: facts.readonly },
    description: facts.description,
    explanation: null,
  };
}

/** One parameter of each name, in the cluster's order. */
function byName(rows: readonly ObParameter[]): Map<string, [ObParameter, ...ObParameter[]]> {
  const found = new Map<string, [ObParameter, ...ObParameter[]]>();
  for (const row of rows) {
    const known = found.get(row.name);
    if (known === undefined) found.set(row.name, [row]);
    else known.push(row);
  }
  return found;
}

function parameterDocument(
  rows: readonly [ObParameter, ...ObParameter[]],
): z.input<typeof ObClusterParameterDocument> {
  const [{ name, facts }] = rows;
  const { description, defaultValue, needRestart, readonly, section, scope, range } = facts;
  const isEnum = facts.type === 'BOOL';
  const shown = rows.map((row) => ({ ...row, value: shownValue(name, row.value) }));
  const servers = new Map<string, string[]>();
  for (const row of shown) servers.set(row.value, [...(servers.get(row.value) ?? []), parameterServer(row)]);
  // Masked values are compared by what they are.
  const different = new Set(rows.map(({ value }) => value)).size;
  return {
    ...{ name, description, needRestart, readonly, section },
    defaultValue: isEnum ? defaultValue.toUpperCase() : shownValue(name, defaultValue),
    ...(scope === 'TENANT' ? { scope } : {}),
    valueRange: {
      type: isEnum ? 'ENUM' : typeOf(facts),
      allowedValues: isEnum ? 'TRUE,FALSE' : null,
      minValue: range?.min?.text ?? null,
      maxValue: range?.max?.text ?? null,
    },
    currentValue: {
      values: [...servers.keys()],
      singleValueInCluster: different === 1,
      valueToServers: Object.fromEntries(servers),
      obParameters: shown.map(({ zone, svrType, ip, rpcPort, value }) => ({
        ...{ zone, svrType, svrIp: ip, svrPort: rpcPort, name, value },
      })),
    },
  };
}

interface VersionInfo {
  readonly contents: z.input<typeof ParameterInfoDocument>[];
  /** Why nobody of that version told. */
  readonly silent: readonly Said[];
}

/** What the first cluster of a version that can be asked says of its parameters. */
async function infoOfVersion(
  services: Asking,
  clusters: readonly ObClusterRow[],
  version: string,
): Promise<VersionInfo> {
  const silent: Said[] = [];
  for (const cluster of clusters) {
    try {
      const rows = await askAsSys(services, cluster, (session) => session.parameters());
      return { contents: [...byName(rows).values()].map(([row]) => infoDocument(row, version)), silent: [] };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      silent.push(error.said);
    }
  }
  return { contents: [], silent };
}

/** Ours: a cluster whose parameters are not among the contents, as it could not be asked. */
const NotAsked = listOf(z.object({ version: z.string(), message: z.string() }));

const Findings = z
  .object({
    findings: listOf(z.object({ level: z.enum(['WARN', 'INFO']), message: z.string() })),
  })
  .optional()
  .describe(
    'Ours, when there is something to know: what takes effect after a restart, servers that were away.',
  );

/** Parameters of OceanBase clusters, asked by SQL whenever somebody asks. */
export function obParameterRoutes(services: ApiServices): Route[] {
  const { store } = services;
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/ob/clusters/parameterInfo',
        permission: 'CLUSTER_VIEWER',
        tag: TAG,
        summary: 'What parameters OceanBase clusters have',
        description:
          'One cluster of each declared version is asked. notAsked names versions of which none could be asked; none at all: 503.',
        query: z.object({
          version: QueryText.optional().describe('Ours: as clusters are declared, e.g. 4.2.1.0.'),
        }),
        answer: contentsOf(ParameterInfoDocument).extend({ notAsked: NotAsked.exactOptional() }),
      },
      async ({ query, request }) => {
        const all = await allObClusters(store);
        const versions = [...new Set(all.map(({ version }) => version))]
          .filter((version) => version === (query.version ?? version))
          .sort(compareVersions);
        const found = await someAtATime(versions, PARALLEL_LOOKS, async (version) => ({
          version,
          ...(await infoOfVersion(
            services,
            all.filter((cluster) => cluster.version === version),
            version,
          )),
        }));
        const silent = found.filter((one) => one.silent.length > 0);
        if (silent.length > 0 && silent.length === found.length) {
          const said = silent.flatMap((one) => one.silent);
          throw new Refusal(503, 'OBE11028', say('obParameter.noneAnswers', { said }));
        }
        const contents = found.flatMap((one) => one.contents);
        if (silent.length === 0) return { contents };
        const language = answerLanguage(request);
        const notAsked = silent.map((one) => ({
          version: one.version,
          message: one.silent.map((said) => spoken(said, language)).join(' '),
        }));
        return { contents, notAsked };
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/ob/clusters/{id}/parameters',
        permission: 'CLUSTER_VIEWER',
        tag: TAG,
        summary: 'List the parameters of an OceanBase cluster',
        description:
          'As every server shows them now; 503 when none can be asked. Keys and tokens within values are shown as ***.',
        params: IdPath,
        answer: contentsOf(ObClusterParameterDocument),
        // Its credential does not let obflow in.
        refuses: [409],
      },
      async ({ params }) => {
        const cluster = await obClusterById(store, params.id);
        const rows = await askAsSys(services, cluster, (session) => session.parameters());
        return { contents: [...byName(rows).values()].map(parameterDocument) };
      },
    ),
    route(
      {
        method: 'PUT',
        path: '/api/v2/ob/clusters/{id}/parameters',
        permission: 'CLUSTER_MANAGER',
        tag: TAG,
        summary: 'Set parameters of an OceanBase cluster',
        description:
          'All are looked at before the first is set, one statement each; then the values are read back from every server. Servers that do not follow within 15 s are named (503).',
        params: IdPath,
        body: SetParametersBody,
        answer: Findings,
        sample: publishedSample('set-ob-parameters'),
      },
      async ({ params, body, notes, request }) => {
        notes.command = `set ${body.map(({ name }) => name).join(', ')}`.slice(0, 500);
        const cluster = await obClusterById(store, params.id);
        const findings = await setClusterParameters(services, cluster, body);
        if (findings.length === 0) return undefined;
        const language = answerLanguage(request);
        return {
          findings: findings.map(({ level, message }) => ({ level, message: spoken(message, language) })),
        };
      },
    ),
  ];
}
