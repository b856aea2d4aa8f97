/** Whether an OBProxy on a host could work by the config URL, asked from that host as the proxy would ask. */
import { getFromHost, type HeardUrl } from '../hosts/httpGet';
import type { Host } from '../hosts/types';
import { anyConfigUrl, configAnswerFault, obproxyConfigUrl, versionOnlyUrl } from '../oceanbase/configServer';
import { leadsToItself } from '../runtime/publicUrl';

/** `serves`: a proxy there learns its clusters. `fails`: it does not. `unknown`: the host could not ask. */
export interface ConfigUrlLook {
  readonly verdict: 'serves' | 'fails' | 'unknown';
  /** Nobody answered; a moment later somebody may. False for answers that are wrong. */
  readonly silent: boolean;
  /** One clause without a full stop. */
  readonly text: string;
  /** What to do, one sentence; '' for `serves`. */
  readonly next: string;
}

/** What a proxy will ask for. */
export interface AskedConfig {
  /** OBFLOW_PUBLIC_URL of this process. */
  readonly publicUrl: string;
  /** Undefined: a cluster of proxies that is not there yet, or none in particular. */
  readonly obproxyCluster?: string | undefined;
  /** Names of the OceanBase clusters that it is to list. */
  readonly clusterNames: readonly string[];
}

/** What every wrong config URL is repaired by. */
export const PUBLIC_URL_NEXT =
  'Set OBFLOW_PUBLIC_URL of API and workers to an address of the API that hosts reach (and OBFLOW_LISTEN so that it listens there), let firewalls pass it, and start them again.';

/**
 * Asks for the config URL from the host: VersionOnly and the whole, by the host's own means. At most half a minute. Throws
 * what the connection to the host throws.
 */
export async function lookAtConfigUrl(
  host: Pick<Host, 'sh' | 'ip'>,
  { publicUrl, obproxyCluster, clusterNames }: AskedConfig,
  signal?: AbortSignal,
): Promise<ConfigUrlLook> {
  const url =
    obproxyCluster === undefined ? anyConfigUrl(publicUrl) : obproxyConfigUrl(publicUrl, obproxyCluster);
  const heard = await getFromHost(host, [versionOnlyUrl(url), url], signal === undefined ? {} : { signal });
  if ('unable' in heard) {
    return {
      verdict: 'unknown',
      silent: false,
      text: `${host.ip} cannot ask for the config URL ${publicUrl}: ${heard.unable}`,
      next: 'Install curl on the host, or see for yourself that it reaches that address.',
    };
  }
  const fails = (cameBack: string, silent: boolean, next = PUBLIC_URL_NEXT): ConfigUrlLook => ({
    verdict: 'fails',
    silent,
    text: `${host.ip} asked for the config URL ${publicUrl}: ${cameBack}`,
    next,
  });
  const [versionOnly, whole] = heard.urls;
  for (const one of [versionOnly, whole]) {
    const fault = faultOf(one);
    // A library that does not trust a certificate says nothing of another one, which OBProxy was built with.
    if (fault !== undefined && /certificate|SSL/i.test(fault.text)) {
      return {
        verdict: 'unknown',
        silent: false,
        text: `${host.ip} does not trust the certificate of the config URL ${publicUrl} (${fault.text})`,
        next: 'Give OBProxies a plain address: http:// before one of OBFLOW_LISTEN, and that one as OBFLOW_PUBLIC_URL.',
      };
    }
    if (fault === undefined) continue;
    const itself = fault.silent && leadsToItself(publicUrl) ? ' (that address is the host itself)' : '';
    return fails(`${fault.text}${itself}`, fault.silent);
  }
  const bodies = { whole: bodyOf(whole), versionOnly: bodyOf(versionOnly) };
  const fault = configAnswerFault(bodies, publicUrl, clusterNames);
  if (fault !== undefined) return fails(fault, false);
  return {
    verdict: 'serves',
    silent: false,
    text: `config URL ${publicUrl} reached from ${host.ip}`,
    next: '',
  };
}

function bodyOf(heard: HeardUrl | undefined): string {
  return heard !== undefined && 'body' in heard ? heard.body : '';
}

function faultOf(heard: HeardUrl | undefined): { text: string; silent: boolean } | undefined {
  if (heard === undefined) return { text: 'no answer', silent: true };
  if ('failure' in heard) return { text: heard.failure, silent: true };
  if (heard.status >= 200 && heard.status < 300) return undefined;
  // 502 to 504: somebody stands before an API that is away.
  return { text: `it answers with status ${heard.status}`, silent: heard.status >= 500 };
}
