import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addApiCommands } from '../../cli/apiCommands';
import { addOperationCommands } from '../../cli/operation/commands';
import type { ObproxyStatus } from '../../store/statuses';
import { givenHost, PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { type Outcome, runCommand } from './taskScene';

/** An API without Temporal, and the commands that work with the inventory as a person types them. */
export class OperationScene {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-operation-'));

  static async open(): Promise<OperationScene> {
    return new OperationScene(await startTestApi({ unreachableHosts: true }));
  }

  private constructor(readonly api: TestApi) {}

  async close(): Promise<void> {
    await this.api.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get env(): Record<string, string> {
    return { OBFLOW_URL: this.api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: PASSWORD };
  }

  obflow(...args: string[]): Promise<Outcome> {
    return this.as(this.env, ...args);
  }

  as(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> {
    return runCommand(
      (program) => {
        addApiCommands(program);
        addOperationCommands(program);
      },
      args,
      env,
    );
  }

  /** A file of this content. */
  file(name: string, content: string | Uint8Array): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }

  /** An OBProxy of a cluster on a new host, in this status; its id. */
  async givenProxy(clusterId: number, ip: string, status: ObproxyStatus = 'RUNNING'): Promise<number> {
    const { store } = this.api;
    const id = await store.obproxy.addServer({
      ...{ clusterId, hostId: await givenHost(store, ip), sqlPort: 2883, exporterPort: 2884, rpcPort: null },
      ...{ version: '4.3.1.0-4', packageId: null, parameterVersion: 1, taskId: 1 },
    });
    await store.work.settle({ kind: 'obproxyServer', id }, 1, status);
    return id;
  }
}
