import { allPages } from '../../api/http/paging';
import { tryLogin } from '../../contact/clusterLogin';
import { lookAtClusterName } from '../../contact/clusterState';
import type { RuntimeConfig } from '../../runtime/config';
import { someAtATime } from '../../runtime/someAtATime';
import { openStore } from '../../store';
import type { ObClusterRow, Store } from '../../store/types';
import { inEnglish } from '../../workflows/text';
import { type Finding, ok, problem, problemOf, warning } from './finding';

const PARALLEL = 8;
/** For each server that does not answer, and for each statement. */
const ANSWER_MS = 2_000;
const SILENT_NEXT =
  "Look at the cluster's servers and their SQL ports, and at the network between; from hosts they may be reached all the same.";
const REFUSED_NEXT = 'Correct the credential in the inventory (obflow apply), or the password in OceanBase.';

/**
 * Logs in to every declared OceanBase cluster as its sys and its proxyro user, which tasks need hours or months later.
 * "Refused" and "could not ask" are two things: a cluster that is down says nothing of its passwords.
 */
export async function clusters(config: RuntimeConfig): Promise<readonly Finding[]> {
  const store = await openStore(config);
  try {
    const rows = await allPages((page) => store.obClusters.list(page));
    return (await someAtATime(rows, PARALLEL, (row) => askAs(store, config, row))).flat();
  } finally {
    await store.close();
  }
}

async function askAs(store: Store, config: RuntimeConfig, cluster: ObClusterRow): Promise<Finding[]> {
  const check = `cluster ${cluster.name}`;
  const ids = [...new Set([cluster.sysCredentialId, cluster.proxyroCredentialId])];
  const findings: Finding[] = [];
  const welcome: string[] = [];
  let answered = '';
  for (const id of ids) {
    try {
      const { username: user } = await store.credentials.open(id);
      const { addresses } = config;
      const login = await tryLogin(store, cluster, id, { addresses, timeoutMs: ANSWER_MS });
      if ('refused' in login) {
        findings.push(problem(check, `It refuses ${user}: ${login.refused}`, REFUSED_NEXT));
        continue;
      }
      answered = `OceanBase ${login.version} at ${login.at}`;
      welcome.push(user);
    } catch (error) {
      const finding = problemOf(check, error, SILENT_NEXT);
      // Nobody else would get an answer either.
      return [
        ...findings,
        warning(check, `Could not ask it: ${finding.message}`, finding.next ?? SILENT_NEXT),
      ];
    }
  }
  if (welcome.length < ids.length) return findings;
  const name = await lookAtClusterName(store, cluster, { addresses: config.addresses, timeoutMs: ANSWER_MS });
  if ('fault' in name) {
    const next = 'Correct its name in the inventory (obflow apply), then link OBProxy clusters to that one.';
    return [problem(check, `${answered}: ${name.fault.en}.`, next)];
  }
  const welcomed = ok(check, `${answered}: ${welcome.join(' and ')} can log in`);
  if ('same' in name) return [welcomed];
  const next =
    'Compare its parameter cluster with the declared name: proxies send users away when they differ.';
  return [welcomed, warning(check, `Its name could not be compared: ${inEnglish(name.unknown)}`, next)];
}
