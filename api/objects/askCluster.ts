/** Asking an OceanBase cluster while a request waits, and the refusals that come of it. */
import { type ClusterContact, openAsSys } from '../../contact/clusterState';
import { isDenied } from '../../contact/workingSecret';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { couldNotAsk, SqlError } from '../../oceanbase/sqlSession';
import { Refusal } from '../../operations/refusal';
import { AddressDenied } from '../../runtime/addresses';
import { saidOf } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import type { ApiServices } from '../route';

export type Asking = Pick<ApiServices, 'store' | 'config'>;

/** For each server that does not answer, and for each statement. */
const ANSWER_MS = 5_000;

export function contactOf({ config }: Asking, timeoutMs = ANSWER_MS): ClusterContact {
  return { addresses: config.addresses, timeoutMs };
}

/** An error of OceanBase as its number and text; `secret` is taken out of the text. */
export function sqlSaid({ errno, message }: SqlError, secret?: string): Text {
  const text = secret === undefined ? message : message.replaceAll(secret, '***');
  return say('sql.error', { errno, text: text.slice(0, 500) });
}

/** The refusal of a request that needs an answer of the cluster: it was not to be had, or it was no. Other errors as they are. */
export function clusterRefusal({ id, name }: ObClusterRow, error: unknown): unknown {
  const refuse = (status: number, code: string, text: Text) =>
    new Refusal(status, code, text, { target: `obCluster:${id}` });
  const silent = (said: Said) => refuse(503, 'OBE11028', say('obAsk.silent', { name, said }));
  if (couldNotAsk(error) || error instanceof AddressDenied) return silent(saidOf(error));
  if (!(error instanceof SqlError)) return error;
  const said = sqlSaid(error);
  return isDenied(error)
    ? refuse(409, 'OBE12000', say('obAsk.denied', { name, said }))
    : refuse(409, 'OBE11007', say('obAsk.refused', { name, said }));
}

/** What `work` makes of a session by the cluster's own credential. Throws Refusal when it cannot be asked, or refuses. */
export async function askAsSys<T>(
  services: Asking,
  cluster: ObClusterRow,
  work: (session: ClusterSession) => Promise<T>,
): Promise<T> {
  try {
    const session = await openAsSys(services.store, cluster, contactOf(services));
    try {
      return await work(session);
    } finally {
      session.close();
    }
  } catch (error) {
    throw clusterRefusal(cluster, error);
  }
}
