/** The SQL of the root service: statements on its state, with tables made at the first SELECT. */
import { addressOf, steering, tenantsOf } from './clusterState';
import { buildVersion, identity, serverVersion, versionComment } from './edition';
import { inSync, schemaFresh } from './logStreams';
import type { RootService } from './rootService';
import { Statements } from './statements';
import type { Tables } from './tables';

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
          holdsTenantUnit: !server.holdsSysUnit && steering(state, '_standin_tenant_units') > 0,
        })),
      users: () => rootService.accounts.names(),
      zones: () => state.zones,
      parameters: () => state,
      tenants: () => tenantsOf(state),
      streams: () => rootService.streams(),
      // What is in sync, checkpointed or gone for good depends on the time as well.
      revision: () =>
        steering(state, '_standin_sync_delay') > 0 ||
        steering(state, '_standin_schema_delay') > 0 ||
        steering(state, '_standin_freeze_delay') > 0 ||
        state.servers.some(({ status }) => status === 'INACTIVE')
          ? -Date.now()
          : rootService.revision,
    },
    Buffer.from(wasm, 'base64'),
  );
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
      await rootService.run(statement);
      const delay =
        statement.kind === 'set' ? '_standin_set_answer_delay' : '_standin_add_server_answer_delay';
      const held = steering(rootService.state, delay);
      if ((statement.kind === 'set' || (statement.kind === 'server' && statement.verb === 'ADD')) && held > 0)
        await new Promise((resolve) => setTimeout(resolve, held));
    },
    usersChanged: () => rootService.changed(),
  });
}
