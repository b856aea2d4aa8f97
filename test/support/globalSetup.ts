import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type DevServer, startDevServer } from '../../runtime/devServer';
import { connectTemporal, prepareNamespace } from '../../runtime/temporal';
import { workflowBundle, writeWorkflowBundle } from '../../worker/bundle';
import { startPostgres, type TestPostgres } from './postgres';

export interface SharedTemporal {
  readonly address: string;
  readonly uiUrl: string;
  readonly bundle: string;
}

declare global {
  var obflowTestTeardown: (() => Promise<void>) | undefined;
}

/**
 * One Temporal dev server, one workflow bundle (the build's, unless workflows changed since) and one PostgreSQL
 * server for all test files, each made when the first of them asks (by HTTP, since test files run in processes of
 * their own), so that a run of unit tests alone does not pay for them.
 */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-test-'));
  let devServer: DevServer | undefined;
  let shared: Promise<SharedTemporal> | undefined;

  async function start(): Promise<SharedTemporal> {
    const built = workflowBundle();
    const bundling =
      'workflowBundle' in built
        ? built.workflowBundle.codePath
        : writeWorkflowBundle(path.join(folder, 'bundle.js'));
    devServer = await startDevServer({
      dataDir: folder,
      port: 0,
      uiPort: 0,
      persistent: false,
      // A deletion waits for this; the default is half a minute.
      settings: ['history.transferProcessorUpdateAckInterval="1s"'],
    });
    const temporal = await connectTemporal({ address: devServer.address });
    await prepareNamespace(temporal);
    await temporal.close();
    return { address: devServer.address, uiUrl: devServer.uiUrl, bundle: await bundling };
  }

  let postgres: Promise<TestPostgres> | undefined;
  async function newDatabase(): Promise<string> {
    postgres ??= startPostgres();
    return (await postgres).createDatabase();
  }

  const server = createServer((request, response) => {
    if (request.url === '/') shared ??= start();
    const asked = request.url === '/postgres' ? newDatabase() : shared;
    Promise.resolve(asked).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.TEST_SERVERS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  globalThis.obflowTestTeardown = async () => {
    server.closeAllConnections();
    server.close();
    await shared?.catch(() => undefined);
    await devServer?.stop();
    await (await postgres?.catch(() => undefined))?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
