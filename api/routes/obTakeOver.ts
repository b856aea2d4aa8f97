import { z } from 'zod';
import { rootServiceInfoUrl } from '../../oceanbase/configServer';
import type { Finding } from '../../oceanbase/obproxyRunning';
import { publishedSample } from '../../operations/samples';
import { newClusterLook, PreCheckBody } from '../../operations/takeOverBody';
import { knownFindings } from '../../operations/takeOverLook';
import type { TakeOverServer } from '../../operations/types';
import { type Said, say } from '../../runtime/messages/catalogue';
import { listOf, Whole } from '../http/answers';
import { answerLanguage, type Language, spoken } from '../http/messages/language';
import { lookAtNewCluster } from '../objects/lookAtNewCluster';
import { type ApiServices, type Route, route } from '../route';
import { documentOf, HostDocument } from './hosts';

const Result = z.object({
  valid: z.boolean(),
  messages: listOf(z.string()).describe('What is against the take-over, each with its code.'),
  findings: listOf(
    z.object({
      level: z.enum(['ERROR', 'WARN', 'INFO']),
      code: z.string().exactOptional(),
      message: z.string(),
    }),
  ).describe('Not in OCP: the same, with what is only worth knowing.'),
});

const PreCheck = z
  .object({
    clusterName: z.string(),
    clusterType: z.enum(['PRIMARY', 'STANDBY']),
    obClusterId: Whole,
    obVersion: z.string(),
    configUrl: z.string().describe('obconfig_url as the cluster has it.'),
    newConfigUrl: z.string().describe('Not in OCP: what switchConfigUrl would set.'),
    primaryObClusterId: Whole.nullable(),
    arbitrationServiceId: z.null(),
    conflictServiceNames: z.array(z.string()).nullable(),
    proxyroPassword: z.string().nullable().describe('Masked; null when none was given.'),
    result: Result,
    servers: listOf(
      z.object({
        dataDir: z.string(),
        host: HostDocument.nullable().describe('null: the inventory has no host of that address.'),
        ip: z.string(),
        port: Whole.describe('RPC port.'),
        sqlPort: Whole,
        pid: Whole.nullable(),
        status: z.string(),
        withRootserver: z.boolean(),
        zone: z.object({ zoneName: z.string(), regionName: z.string(), idcName: z.string() }),
        result: Result,
      }),
    ),
  })
  .meta({ id: 'ObClusterTakeOverPreCheck' });

function sentence({ text, next }: Finding): Said {
  return next === undefined ? text : say('text.withNext', { text, next });
}

function resultOf(findings: readonly Finding[], language: Language): z.input<typeof Result> {
  const errors = findings.filter(({ level }) => level === 'ERROR');
  return {
    valid: errors.length === 0,
    messages: errors.map((finding) =>
      `${finding.code ?? ''} ${spoken(sentence(finding), language)}`.trimStart(),
    ),
    findings: findings.map((finding) => ({
      level: finding.level,
      ...(finding.code === undefined ? {} : { code: finding.code }),
      message: spoken(sentence(finding), language),
    })),
  };
}

/** A host that the inventory does not have is no fault of the cluster: the take-over may be told how to log in to it. */
function findingsOf({ server: { ip }, host, findings }: TakeOverServer): readonly Finding[] {
  if (host !== undefined) return findings;
  return [
    ...findings,
    { level: 'WARN', text: say('obTakeOver.hostUnknown', { ip }), next: say('obTakeOver.nextHostInfo') },
  ];
}

/** Synchronous, as documented: nothing is stored, neither here nor there. */
export function obTakeOverRoutes(services: ApiServices): Route[] {
  const { store, config } = services;
  return [
    route(
      {
        method: 'POST',
        path: '/api/v2/ob/clusters/takeOverPreCheck',
        permission: 'CLUSTER_MANAGER',
        tag: 'OceanBase',
        summary: 'Check whether an OceanBase cluster can be taken over',
        description:
          'Asks the cluster and the hosts of its servers that the inventory has; everything found is answered at once, and ' +
          'nothing is changed or stored. Refused only where nothing can be found: OBE11101 (login refused), OBE11028 (it could ' +
          'not be asked), OBE17004 (a version that obflow does not know).',
        body: PreCheckBody,
        answer: PreCheck,
        sample: publishedSample('take-over-pre-check'),
      },
      async ({ body, request, notes }) => {
        const language = answerLanguage(request);
        const look = await lookAtNewCluster(services, newClusterLook(body));
        const { cluster } = look;
        notes.command = `take-over precheck of ${cluster.name}:${cluster.obClusterId}`;
        const named = await store.obClusters.findByName(cluster.name);
        const findings = [...(await knownFindings(store, cluster)), ...look.findings];
        const servers = [];
        for (const one of look.servers) {
          const { server, host, process, dataDir } = one;
          const zone = cluster.zones.find(({ name }) => name === server.zone);
          servers.push({
            dataDir,
            host: host === undefined ? null : await documentOf(store, host.id),
            ...{ ip: server.ip, port: server.rpcPort, sqlPort: server.sqlPort },
            pid: process?.pid ?? null,
            ...{ status: server.innerStatus, withRootserver: server.withRootserver },
            zone: { zoneName: server.zone, regionName: zone?.region ?? '', idcName: zone?.idc ?? '' },
            result: resultOf(findingsOf(one), language),
          });
        }
        const all = resultOf(findings, language);
        return {
          clusterName: cluster.name,
          clusterType: cluster.type,
          obClusterId: Number.isSafeInteger(cluster.obClusterId) ? cluster.obClusterId : 0,
          obVersion: cluster.version,
          configUrl: cluster.configUrl,
          newConfigUrl: rootServiceInfoUrl(config.publicUrl, cluster.name),
          primaryObClusterId: named.find(({ type }) => type === 'PRIMARY')?.obClusterId ?? null,
          arbitrationServiceId: null,
          conflictServiceNames:
            named.length === 0 ? null : named.map(({ name, obClusterId }) => `${name}:${obClusterId}`),
          proxyroPassword: body.proxyroPassword === undefined ? null : '******',
          result: { ...all, valid: all.valid && servers.every(({ result }) => result.valid) },
          servers,
        };
      },
    ),
  ];
}
