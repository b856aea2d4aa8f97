import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type DevServer, startDevServer } from '../../runtime/devServer';
import { connectTemporal, prepareNamespace } from '../../runtime/temporal';
import { writeWorkflowBundle } from '../../worker/bundle';

export interface SharedTemporal {
  readonly address: string;
  readonly uiUrl: string;
  readonly bundle: string;
}

declare global {
  var obflowTestTeardown: (() => Promise<void>) | undefined;
}

/**
 * One Temporal dev server and one workflow bundle for all test files, made when the first of them asks (by HTTP,
 * since test files run in processes of their own), so that a run of unit tests alone does not pay for them.
 */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-test-'));
  let devServer: DevServer | undefined;
  let shared: Promise<SharedTemporal> | undefined;

  async function start(): Promise<SharedTemporal> {
    const bundling = writeWorkflowBundle(path.join(folder, 'bundle.js'));
    devServer = await startDevServer({ dataDir: folder, port: 0, uiPort: 0, persistent: false });
    const temporal = await connectTemporal({ address: devServer.address });
    await prepareNamespace(temporal);
    await temporal.close();
    return { address: devServer.address, uiUrl: devServer.uiUrl, bundle: await bundling };
  }

  const server = createServer((_request, response) => {
    shared ??= start();
    shared.then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.TEST_TEMPORAL_BROKER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  globalThis.obflowTestTeardown = async () => {
    server.closeAllConnections();
    server.close();
    await shared?.catch(() => undefined);
    await devServer?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
