import path from 'node:path';
import { ApiClient } from '../../sandbox/stack/apiClient';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { freePort, type Stack } from '../../sandbox/stack/stack';

/** One API or worker of a cluster; ports and names stay the same over restarts. */
export interface Member {
  readonly name: string;
  /** SIGKILL, and a new process in its place that is ready. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Members {
  readonly apis: readonly Member[];
  readonly workers: readonly Member[];
  /** A client for each API, in their order. */
  readonly clients: readonly ApiClient[];
  stop(): Promise<void>;
}

/** Adds APIs and workers to a split stack, whose own API and worker are the first of each. */
export async function startMembers(
  stack: Stack,
  counts: { apis: number; workers: number },
): Promise<Members> {
  const member = async (
    name: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    first?: ObflowProcess,
  ): Promise<Member> => {
    const start = async () => {
      const started = startObflow(args, env, path.join(stack.dataDir, `${name}.log`));
      await started.line(/^ready/);
      return started;
    };
    let running = first ?? (await start());
    return {
      name,
      async killAndRestart() {
        await running.kill();
        running = await start();
      },
      async stop() {
        await running.stop();
      },
    };
  };
  const ports = [Number(new URL(stack.api.url).port)];
  while (ports.length < counts.apis) ports.push(await freePort());
  const apis = await Promise.all(
    ports.map((port, index) =>
      member(
        `api-${index + 1}`,
        ['api'],
        index === 0 ? stack.env : { ...stack.env, OBFLOW_LISTEN: `127.0.0.1:${port}` },
        index === 0 ? stack.parts.api : undefined,
      ),
    ),
  );
  const workers = await Promise.all(
    Array.from({ length: counts.workers }, (_, index) =>
      member(`worker-${index + 1}`, ['worker'], stack.env, index === 0 ? stack.parts.worker : undefined),
    ),
  );
  return {
    apis,
    workers,
    clients: ports.map((port) => new ApiClient(`http://127.0.0.1:${port}`, 'admin', stack.secrets.admin)),
    async stop() {
      await Promise.all([...apis, ...workers].map((each) => each.stop()));
    },
  };
}
