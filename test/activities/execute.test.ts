import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import { execute } from '../../activities/execute';
import type { ActivityDeps, Needs, SubtaskScope } from '../../activities/types';
import { PermanentError, TransientError } from '../../runtime/errors';
import { chinese, say } from '../../runtime/messages/catalogue';
import { openStore } from '../../store';
import type { Store } from '../../store/types';
import type { SubtaskInput, SubtaskResult } from '../../workflows/plan';
import { plan } from '../store/plan';
import { until } from '../support/until';
import { quietEnvironment } from './world';

const SECRET = 'planted/Secret+42';
const NEEDS = { package_name: 'value', host_id: 'value?' } as const satisfies Needs;
type Scope = SubtaskScope<typeof NEEDS>;

let folder: string;
let store: Store;
let taskId = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-execute-'));
  store = await openStore({
    databaseUrl: `file:${path.join(folder, 'obflow.db')}`,
    masterKeyFile: path.join(folder, 'master.key'),
  });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  taskId += 1;
});

function input(more: Partial<SubtaskInput> = {}): SubtaskInput {
  return {
    taskId,
    subtaskId: 1,
    run: 1,
    name: 'Some step',
    operation: 'EXECUTE',
    traceId: 't',
    context: { stringMap: {}, listMap: {} },
    ...more,
  };
}

/** Runs `work` as an activity; hosts are not touched here. */
function run(
  work: (scope: Scope) => Promise<SubtaskResult | undefined>,
  more: Partial<SubtaskInput> = {},
  environment = quietEnvironment(),
  deps: Partial<ActivityDeps> = {},
): Promise<SubtaskResult | null> {
  const all = { store, ...deps } as ActivityDeps;
  return environment.run(
    (given: SubtaskInput) => execute(all, given, NEEDS, (scope) => work(scope as unknown as Scope)),
    input(more),
  );
}

async function failure(promise: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

async function log(): Promise<string[]> {
  return (await store.tasks.readLog(taskId, 1)).map(({ level, text }) => `${level} ${text}`);
}

const TROUBLE = {
  type: 'SomeTrouble',
  tried: 'do it',
  where: '10.0.0.1',
  cameBack: SECRET,
  next: 'Repair it.',
};

/** The same as a text of the catalogue: what came back holds a secret. */
const KEYED = {
  type: 'SomeTrouble',
  code: 'COM10999',
  tried: say('package.install', { package: 'a.rpm' }),
  where: '10.0.0.1',
  cameBack: say('rpm.ended', { exitCode: 1, said: `said ${SECRET}` }),
  next: say('next.repairRpm'),
};

describe('a host that cannot be reached', () => {
  const unreachable = new TransientError({
    ...{ type: 'HostUnreachable', tried: 'connect', where: '10.0.0.1', cameBack: 'refused', next: 'Look.' },
  });
  const hosts = (status: string, recordStatus: () => Promise<void>) => ({
    ...store.hosts,
    find: async () => ({ id: 1, ip: '10.0.0.1', credentialId: 1, status }) as never,
    recordStatus,
  });
  const credentials = { open: async () => ({ kind: 'SSH_PASSWORD', secret: SECRET }) } as never;
  const lost = async () => {
    throw new Error('the database is away');
  };

  test('is what the attempt fails with, also when that cannot be recorded', async () => {
    const error = await failure(
      run((scope) => scope.hostById(1) as never, {}, quietEnvironment(), {
        store: { ...store, credentials, hosts: hosts('AVAILABLE', lost) },
        hosts: { open: () => Promise.reject(unreachable) } as never,
      }),
    );
    expect(error.type).toBe('HostUnreachable');
    expect(await log()).toContain('WARN 10.0.0.1 could not be recorded as OFFLINE: the database is away');
  });

  test('is no host that was reached, though that could not be recorded', async () => {
    const recorded: string[] = [];
    const recordStatus = async (_id: number, status: string) => {
      recorded.push(status);
      await lost();
    };
    await failure(
      run((scope) => scope.hostById(1) as never, {}, quietEnvironment(), {
        store: { ...store, credentials, hosts: hosts('OFFLINE', recordStatus as never) },
        hosts: { open: async () => ({}) } as never,
      }),
    );
    await failure(
      run((scope) => scope.hostById(1) as never, {}, quietEnvironment(), {
        store: { ...store, credentials, hosts: hosts('NEW', recordStatus as never) },
        hosts: { open: async () => ({}) } as never,
      }),
    );
    expect(recorded).toEqual(['AVAILABLE', 'AVAILABLE']);
  });
});

describe('what an execution says by keys', () => {
  test('travels with its arguments in failure and log, secrets masked in both languages', async () => {
    const error = await failure(
      run(async (scope) => {
        scope.log.hide(SECRET);
        scope.log.info(say('rpm.says', { line: `key ${SECRET}\r\nnext` }));
        throw new PermanentError(KEYED);
      }),
    );
    const [details] = error.details as [{ code: string; text: Parameters<typeof chinese>[0] }];
    expect(details.code).toBe('COM10999');
    expect(chinese(details.text)).toBe(
      'COM10999：在 10.0.0.1 上未能安装 a.rpm：rpm 以 1 结束：said ***。请排除 rpm 报告的问题后重试。',
    );
    const lines = await store.tasks.readLog(taskId, 1);
    expect(lines.map(({ said }) => said && chinese(said))).toEqual([
      'rpm 输出：key ***\nnext',
      chinese(details.text),
      '设置子任务状态：子任务 1，操作 EXECUTE，状态 FAILED',
    ]);
    expect(lines[0]?.text).toBe('rpm: key ***\nnext');
    expect(JSON.stringify([error.details, lines])).not.toContain(SECRET);
  });

  test('keeps the failure within what the server keeps: long arguments are cut, then left out', async () => {
    const long = await failure(
      run(async () => {
        throw new PermanentError({
          ...KEYED,
          cameBack: say('rpm.ended', { exitCode: 1, said: 'x'.repeat(2_000) }),
        });
      }),
    );
    expect(Buffer.byteLength(JSON.stringify(long.details))).toBeLessThan(1_100);
    expect(chinese((long.details as [{ text: Parameters<typeof chinese>[0] }])[0].text)).toMatch(/：x+…。/);
    const sources = Array.from({ length: 200 }, () => say('password.empty'));
    const huge = await failure(
      run(async () => {
        throw new PermanentError({ ...KEYED, cameBack: sources });
      }),
    );
    expect(huge.details).toEqual([{ code: 'COM10999' }]);
    expect(huge.message).toContain('the empty password; the empty password');
  });
});

describe('an execution of a subtask', () => {
  test('answers its keys, and stores its lines in order with the documented last one', async () => {
    const result = await run(async (scope) => {
      for (let i = 0; i < 5; i += 1) scope.log.info(`line ${i}`);
      scope.log.warn('two\nlines');
      return { stringMap: { a: 'b' } };
    });
    expect(result).toEqual({ stringMap: { a: 'b' } });
    expect(await log()).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `INFO line ${i}`),
      'WARN two',
      'WARN lines',
      'INFO Set state for subtask: 1, operation:EXECUTE, state: SUCCESSFUL',
    ]);
  });

  test('leaves what it warned of with the task, each text once and without secrets; of a repeated run only the last counts', async () => {
    const places = { host_ids: { '7': '10.0.0.7' } };
    await store.tasks.add({
      plan: { ...plan(taskId), place: 'proxies', places },
      workflowType: 'addObproxy',
    });
    const kept = async () => (await store.tasks.warnings([taskId], 2)).get(taskId);
    await run(
      async (scope) => {
        scope.log.hide(SECRET);
        scope.log.info('all is well');
        scope.log.warn(`nobody restarts it, ${SECRET}`);
        scope.log.warn(`nobody restarts it, ${SECRET}`);
        scope.log.warn('a second');
        scope.log.warn('a third');
        return undefined;
      },
      { element: { key: '21.host_ids', value: '7' } },
    );
    const one = {
      subtaskId: 1,
      name: 'Some step',
      target: '10.0.0.7',
      time: expect.stringMatching(/^2\d{3}-/),
    };
    expect(await kept()).toEqual({
      count: 3,
      first: [
        { ...one, text: 'nobody restarts it, ***' },
        { ...one, text: 'a second' },
      ],
    });

    const fails = run(
      async (scope) => {
        scope.log.warn('not of this one');
        throw new PermanentError(TROUBLE);
      },
      { run: 2 },
    );
    await failure(fails);
    expect(await kept()).toMatchObject({ count: 3 });

    await run(
      async (scope) => {
        scope.log.warn('only this is left');
        return undefined;
      },
      { run: 3 },
    );
    expect(await kept()).toMatchObject({
      count: 1,
      first: [{ target: 'proxies', text: 'only this is left' }],
    });
    await run(async () => undefined, { run: 4, operation: 'ROLLBACK' });
    expect(await kept()).toBeUndefined();
  });

  test('shows its lines while it still runs', async () => {
    let finish = () => {};
    const running = run(async (scope) => {
      scope.log.info('early');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return undefined;
    });
    await until('the line', async () => (await log()).includes('INFO early'));
    finish();
    expect(await running).toBeNull();
  });

  test('says which attempt it is, from the second on', async () => {
    await run(async () => undefined, {}, quietEnvironment(3));
    expect((await log())[0]).toMatch(/^INFO Attempt 3 on worker \S+ \(pid \d+\)$/);
  });

  test('heartbeats every second without any help of the subtask', async () => {
    const environment = quietEnvironment();
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
    });
    await run(
      async () => {
        await until('two heartbeats', () => beats >= 2, 10_000);
        return undefined;
      },
      {},
      environment,
    );
  });

  test('does nothing when two subtasks before it disagree, and says so', async () => {
    let touched = false;
    const error = await failure(
      run(
        async () => {
          touched = true;
          return undefined;
        },
        { conflict: 'obproxy_id is 1 and 2' },
      ),
    );
    expect(touched).toBe(false);
    expect(error).toMatchObject({ type: 'ContextConflict', nonRetryable: true });
    expect(error.message).toContain('obproxy_id is 1 and 2');
  });

  test('names the key that its context lacks', async () => {
    const error = await failure(run(async (scope) => ({ stringMap: { a: scope.value('package_name') } })));
    expect(error.message).toContain('package_name');
    const host = await failure(run(async (scope) => ({ stringMap: { a: String(await scope.hostId()) } })));
    expect(host.message).toContain('host_id');
  });

  test('works on the host of its element, else on the one of its context', async () => {
    const hostOf = async (scope: Scope) => ({ stringMap: { host: String(await scope.hostId()) } });
    const context = { stringMap: { host_id: '7' }, listMap: {} };
    expect(await run(hostOf, { context })).toEqual({ stringMap: { host: '7' } });
    const element = { key: 'host_ids', value: '8' };
    expect(await run(hostOf, { context, element })).toEqual({ stringMap: { host: '8' } });
  });
});

describe('a failure of a subtask', () => {
  test('that waiting may cure may be tried again, and keeps its type and code', async () => {
    const error = await failure(
      run(async () => {
        throw new TransientError({ ...TROUBLE, code: 'CMP07002' });
      }),
    );
    expect(error).toMatchObject({
      type: 'SomeTrouble',
      nonRetryable: false,
      details: [{ code: 'CMP07002' }],
    });
    expect((await log()).join('\n')).not.toContain('Set state for subtask');
  });

  test('that a person must cure is final, and its log says why', async () => {
    const error = await failure(
      run(async () => {
        throw new PermanentError(TROUBLE);
      }),
    );
    expect(error).toMatchObject({ type: 'SomeTrouble', nonRetryable: true });
    const lines = await log();
    expect(lines.at(-2)).toBe(`ERROR ${error.message}`);
    expect(lines.at(-1)).toBe('ERROR Set state for subtask: 1, operation:EXECUTE, state: FAILED');
  });

  test('that nobody expected is final', async () => {
    const error = await failure(
      run(async () => {
        throw new TypeError('x is not a function');
      }),
    );
    expect(error).toMatchObject({ type: 'Unexpected', nonRetryable: true });
  });

  test('holds no hidden secret, neither in its text, its stack, its cause, nor the log', async () => {
    for (const thrown of [
      new PermanentError(TROUBLE),
      new TransientError(TROUBLE),
      Object.assign(new Error(`bad ${SECRET} ${encodeURIComponent(SECRET)}`), { sql: `set '${SECRET}'` }),
    ]) {
      const error = await failure(
        run(async (scope) => {
          scope.log.hide(SECRET);
          scope.log.info(`using ${SECRET}`);
          throw thrown;
        }),
      );
      const stored = JSON.stringify(defaultFailureConverter.errorToFailure(error, defaultPayloadConverter));
      const words = [stored, String(error.stack), ...(await log())].join('\n');
      expect(words).not.toContain('planted');
      expect(words).toContain('***');
    }
  });

  test('to store the log is tried again', async () => {
    const broken = { ...store.tasks, appendLog: () => Promise.reject(new Error('the disk is full')) };
    const error = await failure(
      run(
        async (scope) => {
          scope.log.info('lost');
          return undefined;
        },
        {},
        undefined,
        { store: { ...store, tasks: broken } },
      ),
    );
    expect(error).toMatchObject({ type: 'LogNotStored', nonRetryable: false });
  });
});

describe('the end from outside', () => {
  const waiting = async (scope: Scope) => {
    await scope.pause(60_000);
    return undefined;
  };

  test('by an operator ends the subtask as cancelled', async () => {
    const environment = quietEnvironment();
    const running = run(waiting, {}, environment);
    environment.cancel();
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    expect(await log()).toEqual([
      'WARN Cancelled',
      'ERROR Set state for subtask: 1, operation:EXECUTE, state: FAILED',
    ]);
  });

  test('by a worker that stops leaves the subtask to another', async () => {
    const environment = quietEnvironment();
    const running = run(waiting, {}, environment);
    environment.cancel('WORKER_SHUTDOWN', undefined as never);
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  });
});
