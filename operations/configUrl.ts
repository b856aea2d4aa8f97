/** Whether the OBProxies of a request will learn their clusters: by the address that they are given, and as their hosts see it. */

import { lookAtConfigUrl, PUBLIC_URL_NEXT } from '../contact/configUrl';
import { unlessAborted, withDeadline } from '../runtime/deadline';
import { PermanentError, TransientError } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import { leadsToItself } from '../runtime/publicUrl';
import { someAtATime } from '../runtime/someAtATime';
import type { HostRow, ObproxyClusterRow } from '../store/types';
import { obproxyHostFindings } from './firstContact';
import { isOwn } from './obproxyWarnings';
import { Refusal } from './refusal';
import type { HostFinding, InspectScope } from './types';

/** A dry run asks so many hosts together, each for so long, and all of them for so long. */
const ASKED_TOGETHER = 16;
const ASK_MS = 10_000;
const ALL_MS = 30_000;

type Learning = Pick<ObproxyClusterRow, 'workMode'>;

/**
 * Refuses hosts to which a loopback address leads nowhere but to themselves.
 *
 * @throws Refusal ODP21011
 */
export function configUrlReachesHosts(
  publicUrl: string,
  { workMode }: Learning,
  hosts: readonly Pick<HostRow, 'ip' | 'id'>[],
): void {
  if (workMode !== 'CONFIG_URL' || !leadsToItself(publicUrl)) return;
  const remote = hosts.filter(({ ip }) => !isOwn(ip));
  const [first] = remote;
  if (first === undefined) return;
  const named = remote
    .slice(0, 5)
    .map(({ ip }) => ip)
    .join(', ');
  const ips = remote.length > 5 ? `${named}, …` : named;
  throw new Refusal(409, 'ODP21011', say('configUrl.leadsToItself', { url: publicUrl, ips }), {
    target: `host:${first.id}`,
  });
}

/** The same for a cluster that has no hosts yet: it may be made, and somebody has time to set the address. */
export function configUrlWarnings(publicUrl: string, { workMode }: Learning): HostFinding[] {
  if (workMode !== 'CONFIG_URL' || !leadsToItself(publicUrl)) return [];
  return [
    {
      level: 'WARN',
      code: 'ODP21011',
      message: say('url.leadsToItself', { url: publicUrl, next: PUBLIC_URL_NEXT }),
    },
  ];
}

/**
 * What a dry run sees on hosts that are to have an OBProxy: what the task needs there, and, where nothing is against that,
 * whether they hear what the proxy will ask for.
 */
export async function installFindings(
  scope: InspectScope,
  hostIds: readonly number[],
  proxy: Learning & {
    readonly home: string;
    readonly runUser: string;
    readonly clusterNames: readonly string[];
  },
): Promise<HostFinding[]> {
  const found = await obproxyHostFindings(scope, hostIds, proxy);
  const short = new Set(found.filter(({ level }) => level === 'ERROR').map(({ hostId }) => hostId));
  const fine = hostIds.filter((id) => !short.has(id));
  return [...found, ...(await configUrlFindings(scope, proxy, fine, proxy.clusterNames))];
}

/** Asks for the config URL from every host. It changes nothing; trouble on the way is a finding, too. */
async function configUrlFindings(
  scope: InspectScope,
  { workMode }: Learning,
  hostIds: readonly number[],
  clusterNames: readonly string[],
): Promise<HostFinding[]> {
  if (workMode !== 'CONFIG_URL') return [];
  const deadline = Date.now() + ALL_MS;
  return someAtATime(hostIds, ASKED_TOGETHER, async (hostId) =>
    Date.now() > deadline ? notAsked(hostId, say('url.noTime')) : await askFrom(scope, hostId, clusterNames),
  );
}

const LEVELS = { serves: 'INFO', fails: 'ERROR', unknown: 'WARN' } as const;

async function askFrom(
  scope: InspectScope,
  hostId: number,
  clusterNames: readonly string[],
): Promise<HostFinding> {
  return withDeadline(ASK_MS, undefined, async (signal, passed) => {
    try {
      const ask = async () =>
        lookAtConfigUrl(await scope.openHost(hostId), { publicUrl: scope.publicUrl, clusterNames }, signal);
      const { verdict, text, next } = await unlessAborted(ask(), signal);
      const code = verdict === 'fails' ? { code: 'ODP21011' } : {};
      return {
        hostId,
        level: LEVELS[verdict],
        ...code,
        message: next === '' ? text : say('text.withNext', { text, next }),
      };
    } catch (error) {
      if (passed()) return notAsked(hostId, say('url.hostSilent', { seconds: ASK_MS / 1000 }));
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      return notAsked(hostId, error.said);
    }
  });
}

function notAsked(hostId: number, why: Said): HostFinding {
  return { hostId, level: 'WARN', message: say('url.unknown', { why }) };
}
