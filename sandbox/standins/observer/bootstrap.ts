/** What a server without a cluster can do: say its version, and become the first of a cluster. */
import type { Answer } from '../mysql/server';
import { Accounts, refuse, SqlRefusal } from './accounts';
import { type AdminStatement, parseAdminStatement } from './adminStatement';
import { addressOf, type ClusterState } from './clusterState';
import { identity, observerTraits, serverVersion } from './edition';
import type { RootService } from './rootService';
import { askNode, type NodeCard, RPC_TIMEOUT_MS } from './rpc';
import { bareStatement } from './statements';

export const INITIALIZING = { code: 8001, message: 'Server is initializing' };
const DEADLINE_MS = 20_000;

// Numbers and texts: oceanbase:src/share/ob_errno.h.
const SYSTEM_ERROR = [4015, 'System error'] as const;
const INIT_TWICE = [4005, 'The object is initialized twice'] as const;
/** A server that does not answer lets the statement run into its time-out. */
const TIMEOUT = [4012, 'Timeout, query has reached the maximum query timeout: 10000000(us)'] as const;

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

/**
 * Asks the servers of the statement for their cards, and marks their directories as used: whatever becomes of the statement,
 * no other BOOTSTRAP takes them. Not empty is 4015 of the addressed server (OceanBase documentation, "observer is not empty")
 * and 4005 of another one; one that does not answer, or whose clock differs, fails the statement before anything is marked.
 */
export async function claimServers(
  statement: Bootstrap,
  mine: NodeCard,
  claimMine: () => boolean,
): Promise<NodeCard[]> {
  const self = addressOf(mine);
  if (!mine.empty) refuse(...SYSTEM_ERROR);
  if (!statement.servers.some(({ address }) => address === self)) refuse(...SYSTEM_ERROR);
  const ask = async (address: string, request: Parameters<typeof askNode>[1]) =>
    askNode(address, request, RPC_TIMEOUT_MS).catch(() => refuse(...TIMEOUT));
  const cards = await Promise.all(
    statement.servers.map(async ({ address, zone }) => {
      const reply =
        address === self ? { kind: 'card' as const, card: mine } : await ask(address, { op: 'check' });
      if (reply.kind !== 'card' || reply.card.zone !== zone) refuse(...SYSTEM_ERROR);
      if (!reply.card.empty) refuse(...INIT_TWICE);
      return reply.card;
    }),
  );
  const clocks = cards.map(({ clock }) => clock);
  const tolerated = observerTraits(identity().version).clockToleranceMs;
  if (Math.max(...clocks) - Math.min(...clocks) > tolerated + RPC_TIMEOUT_MS) refuse(...SYSTEM_ERROR);
  if (!claimMine()) refuse(...SYSTEM_ERROR);
  for (const card of cards) {
    if (card === mine) continue;
    const reply = await ask(addressOf(card), { op: 'prepareBootstrap', rootService: self });
    if (reply.kind !== 'yes') refuse(...INIT_TWICE);
  }
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
    bootstrapped: false,
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
