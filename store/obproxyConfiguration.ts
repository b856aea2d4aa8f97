/** What an OBProxy cluster is to be: parameters, links and the password of root@proxysys, and changes of them under way. */
import type { Kysely } from 'kysely';
import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import type { MasterKey } from './masterKey';
import type { ClusterParameters, ObproxyRepository, Parameter } from './types';

export const passwordPlace = (name: string) => `proxysys password of OBProxy cluster ${name}`;
const othersPlace = (name: string) => `other proxysys passwords of OBProxy cluster ${name}`;

/** Passwords beside the recorded one, or the task that has made what it offered the recorded one. */
interface OtherPasswords {
  readonly taskId: number;
  /** What that task gives to the proxies; absent when every proxy has it. */
  readonly offered?: string;
  /** Of changes before, which have not reached every proxy. */
  readonly older: readonly string[];
}

/** The passwords that it holds. */
const heldBy = (others: OtherPasswords | undefined): string[] =>
  others?.offered === undefined ? [] : [others.offered, ...others.older];

interface ParameterChange {
  readonly taskId: number;
  readonly wished: ClusterParameters;
  /** What it was before; absent until it is applied. */
  readonly former?: ClusterParameters & { readonly parameterVersion: number };
}

type ConfigurationMethods = Pick<
  ObproxyRepository,
  | 'proxysysPassword'
  | 'proxysysPasswords'
  | 'proxysysChange'
  | 'offerProxysysPassword'
  | 'settleProxysysPassword'
  | 'withdrawProxysysPassword'
  | 'proposeParameters'
  | 'applyParameters'
  | 'takeBackParameters'
  | 'link'
  | 'unlink'
>;

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];

/** Parameters as the columns hold them. */
function parameterColumns({ startupParameters, parameters }: ClusterParameters) {
  return {
    startup_parameters: JSON.stringify(startupParameters),
    parameters: JSON.stringify(parameters),
  };
}

export function configurationRepository(scope: Scope, key: MasterKey): ConfigurationMethods {
  const rowOf = async (db: Kysely<Schema>, id: number) => {
    const row = await db.selectFrom('obproxy_clusters').selectAll().where('id', '=', id).executeTakeFirst();
    if (row !== undefined) return row;
    throw new PermanentError({
      type: 'ObproxyClusterMissing',
      tried: say('store.readCluster', { id }),
      cameBack: say('store.noCluster'),
      next: say('next.listClusters'),
    });
  };
  const set = (db: Kysely<Schema>, id: number, values: Partial<Record<string, string | number | null>>) =>
    db
      .updateTable('obproxy_clusters')
      .set({ ...values, update_time: now() })
      .where('id', '=', id)
      .execute();

  /** The recorded password of a cluster, and the others that its proxies may have. */
  const passwords = async (db: Kysely<Schema>, id: number) => {
    const { name, proxysys_password, other_proxysys_passwords: sealed } = await rowOf(db, id);
    return {
      name,
      recorded: key.open(proxysys_password, passwordPlace(name)),
      others:
        sealed === null ? undefined : (JSON.parse(key.open(sealed, othersPlace(name))) as OtherPasswords),
    };
  };
  const change = async (db: Kysely<Schema>, id: number, taskId: number) => {
    const row = await rowOf(db, id);
    const known =
      row.parameter_change === null ? undefined : (JSON.parse(row.parameter_change) as ParameterChange);
    return { row, change: known?.taskId === taskId ? known : undefined };
  };

  return {
    async proxysysPassword(id) {
      return (await passwords(scope.db, id)).recorded;
    },

    async proxysysPasswords(id) {
      const { recorded, others } = await passwords(scope.db, id);
      return distinct([recorded, ...heldBy(others)]);
    },

    async proxysysChange(id, taskId) {
      const { others } = await passwords(scope.db, id);
      if (others?.taskId !== taskId) return undefined;
      const { offered } = others;
      return offered === undefined ? { state: 'settled' } : { state: 'offered', password: offered };
    },

    offerProxysysPassword: (id, taskId, password) =>
      scope.write(async (db) => {
        const { name, others } = await passwords(db, id);
        const kept: OtherPasswords = { taskId, offered: password, older: distinct(heldBy(others)) };
        await set(db, id, { other_proxysys_passwords: key.seal(JSON.stringify(kept), othersPlace(name)) });
      }),

    settleProxysysPassword: (id, taskId) =>
      scope.write(async (db) => {
        const { name, others } = await passwords(db, id);
        if (others?.taskId !== taskId) return false;
        if (others.offered === undefined) return true;
        const settled: OtherPasswords = { taskId, older: [] };
        await set(db, id, {
          proxysys_password: key.seal(others.offered, passwordPlace(name)),
          other_proxysys_passwords: key.seal(JSON.stringify(settled), othersPlace(name)),
        });
        return true;
      }),

    withdrawProxysysPassword: (id, taskId) =>
      scope.write(async (db) => {
        const { others } = await passwords(db, id);
        if (others?.taskId === taskId) await set(db, id, { other_proxysys_passwords: null });
      }),

    async proposeParameters(id, taskId, wished) {
      const proposed: ParameterChange = { taskId, wished };
      await set(scope.db, id, { parameter_change: JSON.stringify(proposed) });
    },

    applyParameters: (id, taskId) =>
      scope.write(async (db) => {
        const { row, change: proposed } = await change(db, id, taskId);
        if (proposed === undefined) return undefined;
        if (proposed.former !== undefined) return row.parameter_version;
        const former = {
          parameterVersion: row.parameter_version,
          startupParameters: JSON.parse(row.startup_parameters) as Parameter[],
          parameters: JSON.parse(row.parameters) as Parameter[],
        };
        await set(db, id, {
          ...parameterColumns(proposed.wished),
          parameter_version: row.parameter_version + 1,
          parameter_change: JSON.stringify({ ...proposed, former } satisfies ParameterChange),
        });
        return row.parameter_version + 1;
      }),

    takeBackParameters: (id, taskId) =>
      scope.write(async (db) => {
        const { change: applied } = await change(db, id, taskId);
        if (applied?.former === undefined) return false;
        const { former, ...proposed } = applied;
        await set(db, id, {
          ...parameterColumns(former),
          parameter_version: former.parameterVersion,
          parameter_change: JSON.stringify(proposed),
        });
        return true;
      }),

    link: (id, links) =>
      scope.write(async (db) => {
        const { parameter_version: version } = await rowOf(db, id);
        const known = await db
          .selectFrom('obproxy_links')
          .selectAll()
          .where('obproxy_cluster_id', '=', id)
          .execute();
        let position = Math.max(-1, ...known.map((link) => link.position));
        for (const { clusterId, username } of links) {
          if (known.some((link) => link.ob_cluster_id === clusterId)) {
            await db
              .updateTable('obproxy_links')
              .set({ username })
              .where('obproxy_cluster_id', '=', id)
              .where('ob_cluster_id', '=', clusterId)
              .execute();
            continue;
          }
          position += 1;
          await db
            .insertInto('obproxy_links')
            .values({ obproxy_cluster_id: id, position, ob_cluster_id: clusterId, username })
            .execute();
        }
        await set(db, id, { parameter_version: version + 1 });
        return version + 1;
      }),

    unlink: (id, clusterIds) =>
      scope.write(async (db) => {
        await db
          .deleteFrom('obproxy_links')
          .where('obproxy_cluster_id', '=', id)
          .where('ob_cluster_id', 'in', clusterIds)
          .execute();
        await set(db, id, {});
      }),
  };
}
