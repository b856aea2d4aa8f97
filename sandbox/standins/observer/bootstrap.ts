/** What a server without a cluster can do: say its version, and become the first of a cluster. */
import type { Answer } from '../mysql/server';
import { Accounts, SqlRefusal } from './accounts';
import { type AdminStatement, parseAdminStatement } from './adminStatement';
import { addressOf, type ClusterState } from './clusterState';
import { identity, serverVersion } from './edition';
import type { RootService } from './rootService';
import { askNode, type NodeCard, RPC_TIMEOUT_MS } from './rpc';
import { bareStatement } from './statements';

export const INITIALIZING = { code: 8001, message: 'Server is initializing' };
const DEADLINE_MS = 20_000;

type Bootstrap = Extract<AdminStatement, { kind: 'bootstrap' }>;

/** Settings, version and ALTER SYSTEM BOOTSTRAP; everything else is 8001. */
export async function answerAlone(
  text: string,
  bootstrap: (statement: Bootstrap) => Promise<void>,
): Promise<Answer> {
  const sql = bareStatement(text);
  const who = identity();
  if (/^set\b/i.test(sql)) return { kind: 'ok' };
  if (/^select\s+(ob_)?version\s*\(\s*\)/i.test(sql))
    return {
      kind: 'rows',
      columns: [/\bas\s+`?(\w+)/i.exec(sql)?.[1] ?? 'version()'],
      rows: [[/ob_version/i.test(sql) ? who.version : serverVersion(who)]],
    };
  const statement = /^alter\s+system\b/i.test(sql) ? parseAdminStatement(sql) : undefined;
  if (statement?.kind !== 'bootstrap') return { kind: 'error', error: INITIALIZING };
  try {
    await bootstrap(statement);
    return { kind: 'ok' };
  } catch (error) {
    if (error instanceof SqlRefusal) return { kind: 'error', error: error.error };
    const message = `bootstrap: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'error', error: { code: 4000, message } };
  }
}

/** Asks the servers of the statement for their cards. Throws when one is absent, not empty or of another zone. */
export async function bootstrapCards(statement: Bootstrap, mine: NodeCard): Promise<NodeCard[]> {
  const cards = await Promise.all(
    statement.servers.map(async ({ address, zone }) => {
      const reply =
        address === addressOf(mine)
          ? ({ kind: 'card', card: mine } as const)
          : await askNode(address, { op: 'check' }, RPC_TIMEOUT_MS);
      if (reply.kind !== 'card' || !reply.card.empty || reply.card.zone !== zone)
        throw new Error(`server ${address} is not empty or of another zone`);
      return reply.card;
    }),
  );
  if (!cards.includes(mine)) throw new Error('this server is not among the servers');
  return cards;
}

/** A cluster without servers: its zones, and root without a password. */
export function newCluster(statement: Bootstrap, mine: NodeCard): ClusterState {
  return {
    clusterName: mine.clusterName,
    obClusterId: mine.obClusterId,
    term: 1,
    version: 0,
    servers: [],
    zones: statement.servers.map(({ zone, region }) => ({
      name: zone,
      status: 'ACTIVE',
      region: region ?? 'default_region',
      idc: '',
    })),
    accounts: new Accounts({ root: '' }, {}).stored(),
    parameters: {},
    nextServerId: 1,
  };
}

/** The statement returns when every server serves (oceanbase:src/rootserver/ob_bootstrap.cpp waits for all of them). */
export async function allServe({ state }: RootService): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (state.servers.some(({ startServiceTime }) => startServiceTime === 0)) {
    if (Date.now() > deadline) throw new Error('servers do not come into service');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
