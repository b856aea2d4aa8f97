/** Links of an OBProxy cluster to OceanBase clusters, as requests name them. */
import { z } from 'zod';
import { crowdedPair } from '../oceanbase/proxyroSlots';
import { fault, say } from '../runtime/messages/catalogue';
import type { Store } from '../store/types';
import { bodyForms } from './bodyForms';
import { fieldRefusal } from './preconditions';
import { Refusal } from './refusal';
import { Id } from './schemas';

/** Links of one request. */
export const MOST_LINKS = 200;

export const ObLink = z.object({
  clusterName: z.string().min(1, fault('must.notBeEmpty')).max(128),
  clusterId: Id.optional().describe('Id of the OceanBase cluster in obflow.'),
  obClusterId: Id.optional(),
  username: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, fault('must.userNameOf'))
    .default('proxyro'),
});
export type ObLink = z.output<typeof ObLink>;

/** Reports every cluster that is named more than once; `path` is where the list stands. */
export function checkLinksOnce(
  links: readonly ObLink[],
  context: z.RefinementCtx,
  path: readonly string[],
): void {
  links.forEach((link, index) => {
    const same = (other: ObLink) =>
      other.clusterName === link.clusterName && other.obClusterId === link.obClusterId;
    if (links.findIndex(same) !== index) {
      context.addIssue({
        code: 'custom',
        path: [...path, index, 'clusterName'],
        message: fault('names.clusterTwice'),
      });
    }
  });
}

const LinkList = z
  .array(ObLink)
  .min(1, fault('must.nameLink'))
  .max(MOST_LINKS)
  .superRefine((links, context) => checkLinksOnce(links, context, []));

const LinksBody = z.object({ obLinks: LinkList });

/**
 * The body of "Add OceanBase clusters to an OBProxy cluster" in its three published forms: a list (to V4.2), an object with
 * `obLinks` (the table of V4.3), one link (the sample of V4.3).
 */
export const BatchAddLinksBody = bodyForms(
  LinksBody,
  (body) => {
    if (Array.isArray(body)) return { body: { obLinks: body }, hidden: 1 };
    const wrapped = typeof body !== 'object' || body === null || 'obLinks' in body;
    return wrapped ? { body, hidden: 0 } : { body: { obLinks: [body] }, hidden: 2 };
  },
  [z.array(ObLink).min(1).max(MOST_LINKS), LinksBody, ObLink],
);

/** A link that was found in the inventory. */
export interface WishedLink {
  /** Inventory id of the OceanBase cluster. */
  readonly clusterId: number;
  readonly username: string;
}

/**
 * The linked OceanBase clusters as the inventory knows them, in the order of the request. Throws Refusal OBE11002 (404) for one
 * that it does not know, COM10001 for one that is ambiguous or named twice.
 */
export async function knownLinks(store: Store, links: readonly ObLink[]): Promise<WishedLink[]> {
  const found: WishedLink[] = [];
  for (const [index, link] of links.entries()) {
    const field = `obLinks[${index}]`;
    const named = await store.obClusters.findByName(link.clusterName);
    const fitting = named.filter(
      (cluster) =>
        (link.obClusterId ?? cluster.obClusterId) === cluster.obClusterId &&
        (link.clusterId ?? cluster.id) === cluster.id,
    );
    const [cluster, other] = fitting;
    if (cluster === undefined) {
      const ids = link.obClusterId === undefined ? '' : ` with obClusterId ${link.obClusterId}`;
      const known = named.map((row) => `clusterId ${row.id}, obClusterId ${row.obClusterId}`).join('; ');
      throw new Refusal(
        404,
        'OBE11002',
        known === ''
          ? say('link.unknown', { field, name: `"${link.clusterName}"${ids}` })
          : say('link.otherIds', { field, name: `"${link.clusterName}"${ids}`, known }),
        { target: field },
      );
    }
    if (other !== undefined) {
      throw fieldRefusal(
        `${field}.obClusterId`,
        link.obClusterId,
        say('is.ambiguousCluster', { name: link.clusterName }),
      );
    }
    if (found.some(({ clusterId }) => clusterId === cluster.id)) {
      throw fieldRefusal(`${field}.clusterName`, link.clusterName, say('names.clusterTwice'));
    }
    found.push({ clusterId: cluster.id, username: link.username });
  }
  return found;
}

/**
 * The passwords of the linked clusters must have room in a proxy: two for each name, because that is what a proxy knows a
 * cluster by. Which version will run is not always known here; an older one has two for all, which its task refuses.
 */
export async function passwordsFit(
  store: Store,
  linked: readonly (Pick<WishedLink, 'clusterId'> & { readonly field?: string })[],
): Promise<void> {
  const keyed: { clusterName: string; password: string; field: string }[] = [];
  for (const [index, { clusterId, field = `obLinks[${index}].clusterName` }] of linked.entries()) {
    const cluster = await store.obClusters.find(clusterId);
    if (cluster === undefined) continue;
    const { secret } = await store.credentials.open(cluster.proxyroCredentialId);
    keyed.push({ clusterName: cluster.name, password: secret, field });
  }
  const crowded = crowdedPair(keyed, true);
  const last = crowded?.links.at(-1);
  if (crowded === undefined || last === undefined) return;
  throw fieldRefusal(
    last.field,
    crowded.clusterName,
    say('names.crowdedClusters', { count: crowded.links.length }),
  );
}
