/** Whether an OBProxy on a host could work by the config URL, asked from that host as the proxy would ask. */
import { getFromHost, type HeardUrl } from '../hosts/httpGet';
import type { Host } from '../hosts/types';
import { anyConfigUrl, configAnswerFault, obproxyConfigUrl, versionOnlyUrl } from '../oceanbase/configServer';
import { inEnglish, type Said, say, type Text } from '../runtime/messages/catalogue';
import { leadsToItself } from '../runtime/publicUrl';

/** `serves`: a proxy there learns its clusters. `fails`: it does not. `unknown`: the host could not ask. */
export interface ConfigUrlLook {
  readonly verdict: 'serves' | 'fails' | 'unknown';
  /** Nobody answered; a moment later somebody may. False for answers that are wrong. */
  readonly silent: boolean;
  /** One clause without a full stop. */
  readonly text: Text;
  /** What to do, one sentence; '' for `serves`. */
  readonly next: Said;
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
export const PUBLIC_URL_NEXT = say('next.setPublicUrl');

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
      text: say('url.cannotAsk', { ip: host.ip, url: publicUrl, said: heard.unable }),
      next: say('next.installCurl'),
    };
  }
  const fails = (cameBack: Said, silent: boolean, next = PUBLIC_URL_NEXT): ConfigUrlLook => ({
    verdict: 'fails',
    silent,
    text: say('url.asked', { ip: host.ip, url: publicUrl, cameBack }),
    next,
  });
  const [versionOnly, whole] = heard.urls;
  for (const one of [versionOnly, whole]) {
    const fault = faultOf(one);
    // A library that does not trust a certificate says nothing of another one, which OBProxy was built with.
    if (fault !== undefined && /certificate|SSL/i.test(inEnglish(fault.text))) {
      return {
        verdict: 'unknown',
        silent: false,
        text: say('url.certificate', { ip: host.ip, url: publicUrl, said: fault.text }),
        next: say('next.plainAddress'),
      };
    }
    if (fault === undefined) continue;
    const itself = fault.silent && leadsToItself(publicUrl) ? say('url.itself') : '';
    return fails(say('url.fault', { text: fault.text, itself }), fault.silent);
  }
  const bodies = { whole: bodyOf(whole), versionOnly: bodyOf(versionOnly) };
  const fault = configAnswerFault(bodies, publicUrl, clusterNames);
  if (fault !== undefined) return fails(fault, false);
  return {
    verdict: 'serves',
    silent: false,
    text: say('url.reached', { url: publicUrl, ip: host.ip }),
    next: '',
  };
}

function bodyOf(heard: HeardUrl | undefined): string {
  return heard !== undefined && 'body' in heard ? heard.body : '';
}

function faultOf(heard: HeardUrl | undefined): { text: Said; silent: boolean } | undefined {
  if (heard === undefined) return { text: say('url.noAnswer'), silent: true };
  if ('failure' in heard) return { text: heard.failure, silent: true };
  if (heard.status >= 200 && heard.status < 300) return undefined;
  // 502 to 504: somebody stands before an API that is away.
  return { text: say('url.status', { status: heard.status }), silent: heard.status >= 500 };
}
