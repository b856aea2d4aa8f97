/** The SQL of the root service: statements on its state, with tables made at the first SELECT. */
import { refuse } from './accounts';
import { type AdminStatement, parseAdminStatement } from './adminStatement';
import { addressOf, type Steering, steering, tenantsOf } from './clusterState';
import { buildVersion, identity, observerTraits, serverVersion, versionComment } from './edition';
import { inSync, schemaFresh } from './logStreams';
import type { RootService } from './rootService';
import { bareStatement, Statements } from './statements';
import { placeLeaders, primaryZoneOf } from './sysTenant';
import type { Tables } from './tables';
import { capacityOf, placedUnits, sizeOf } from './units';

/** SQLite comes with the first SELECT: most servers never need it, and it takes memory and time. */
async function makeTables(rootService: RootService, self: string): Promise<Tables> {
  const who = identity();
  const [{ Tables }, { default: wasm }] = await Promise.all([
    import('./tables'),
    import('sql.js/dist/sql-wasm.wasm'),
  ]);
  const { state } = rootService;
  return Tables.make(
    {
      version: who.version,
      versionComment: versionComment(who),
      serverVersion: serverVersion(who),
      build: buildVersion(who),
      clusterName: state.clusterName,
      obClusterId: state.obClusterId,
      servers: () =>
        state.servers.map((server) => ({
          ...server,
          active: server.status === 'ACTIVE',
          withRootService: addressOf(server) === self,
          inSync: inSync(state, server),
          schemaFresh: schemaFresh(state, server),
        })),
      users: () => rootService.accounts.names(),
      zones: () => state.zones,
      parameters: () => state,
      tenants: () => tenantsOf(state),
      streams: () => rootService.streams(),
      units: () => placedUnits(state).map((unit) => ({ ...unit, ...sizeOf(state, unit) })),
      memory: () => capacityOf(state).memory,
      baselineSchemaVersion: () => (state.bootstrapped === true ? 1 : -1),
      primaryZone: () => primaryZoneOf(state),
      // What is in sync, checkpointed or gone for good depends on the time as well; the last by the second.
      revision: () => {
        const moves = ['_standin_sync_delay', '_standin_schema_delay', '_standin_freeze_delay'] as const;
        if (moves.some((name) => steering(state, name) > 0)) return -Date.now();
        const isAway = state.servers.some(({ status }) => status === 'INACTIVE');
        const seconds = isAway ? Math.floor(Date.now() / 1_000) % 1e5 : 0;
        return rootService.revision * 1e5 + seconds;
      },
    },
    Buffer.from(wasm, 'base64'),
  );
}

/** What holds the answer of a statement back. */
function answerDelay(statement: AdminStatement): Steering | undefined {
  if (statement.kind === 'set') return '_standin_set_answer_delay';
  if (statement.kind !== 'zone' && statement.kind !== 'server') return undefined;
  if (statement.verb === 'STOP') return '_standin_stop_answer_delay';
  if (statement.kind === 'zone') return '_standin_zone_answer_delay';
  if (statement.verb === 'ADD') return '_standin_add_server_answer_delay';
  return statement.verb.endsWith('DELETE') ? '_standin_delete_answer_delay' : undefined;
}

/** Returns when a statement that has been obeyed, and that a majority knows of, may be answered. */
export async function holdAnswer({ state }: RootService, sql: string): Promise<void> {
  const statement = parseAdminStatement(bareStatement(sql));
  const delay = statement === undefined ? undefined : answerDelay(statement);
  const held = delay === undefined ? 0 : steering(state, delay);
  if (held > 0) await new Promise((resolve) => setTimeout(resolve, held));
}

/** `self` is the address of the server that the root service lives in. */
export function rootStatements(rootService: RootService, self: string): Statements {
  const who = identity();
  let tables: Promise<Tables> | undefined;
  return new Statements({
    accounts: rootService.accounts,
    tables: () => {
      rootService.tick();
      tables ??= makeTables(rootService, self);
      return tables;
    },
    versionComment: versionComment(who),
    serverVersion: serverVersion(who),
    administer: async (statement) => {
      // Tenants freeze by themselves from 4.0 on (OceanBase documentation, ALTER SYSTEM MAJOR FREEZE).
      if (
        statement.kind === 'majorFreeze' &&
        (statement.tenant !== undefined) !== observerTraits(who.version).hasViews
      )
        refuse(1064, 'You have an error in your SQL syntax; check the manual for OceanBase');
      await rootService.run(statement);
    },
    usersChanged: () => rootService.changed(),
    placeLeaders: (primaryZone) => {
      placeLeaders(rootService.state, primaryZone);
      rootService.changed();
    },
  });
}
