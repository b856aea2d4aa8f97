import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import type { Plan } from '../../workflows/plan';
import { givenHost, PASSWORD } from '../api/harness';
import { CHAIN, DIAMOND, idOf, onOwnHosts, withNodes } from '../support/plans';
import { broken, gate, until } from '../support/tasks';
import { runTask, TaskScene } from './taskScene';

const REASON = 'Could not run b on 192.0.2.7: no space left on device. Make room in /home/admin and retry.';

let scene: TaskScene;
beforeAll(async () => {
  scene = await TaskScene.open();
});
afterAll(() => scene.close());
afterEach(() => {
  for (const name of Object.keys(scene.bed.behaviours)) delete scene.bed.behaviours[name];
});

/** Every subtask works on a host of its own. */
const onHosts = (plan: Plan): Plan => onOwnHosts(plan, (at) => `192.0.2.${at + 1}`);

async function failedTask(options: { change?: (plan: Plan) => Plan } = {}): Promise<Plan> {
  scene.bed.behaviours.b = broken;
  const plan = await scene.submit(CHAIN, { change: options.change ?? onHosts });
  await scene.bed.documentWhen(plan, 'FAILED');
  return plan;
}

/** Task and subtask as JSON, as a script would read them. */
async function read(plan: Plan, name: string) {
  const { stdout } = await scene.task('show', plan.taskId, '-o', 'json');
  const task = JSON.parse(stdout);
  return { task, subtask: task.subtasks.find((subtask: { name: string }) => subtask.name === name) };
}

describe('obflow task show', () => {
  it('says of a failed task why first, then every way out as a command, then its graph by steps', async () => {
    const plan = await failedTask();
    const [a, b] = [idOf(plan, 'a'), idOf(plan, 'b')];
    const { code, stdout, stderr } = await scene.task('show', plan.taskId);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').map((line) => line.trimEnd());
    expect(lines[0]).toBe(`Task ${plan.taskId} Test task: FAILED (waits for a person)`);
    expect(lines[1]).toMatch(/^1 of 3 subtasks done, started .* by admin, took \d/);
    expect(lines.slice(2, 6)).toEqual(['', 'Why it failed', `  ${b} b on 192.0.2.2:`, `    ${REASON}`]);
    const commands = lines.flatMap(
      (line) => /^ {2}obflow task (\w+) (\d+)( \d+)? {2}/.exec(line)?.slice(1) ?? [],
    );
    const [task, subtask] = [String(plan.taskId), ` ${b}`];
    expect(commands).toEqual(
      [['log', subtask], ['retry', subtask], ['skip', subtask], ['rollback'], ['abandon']].flatMap(
        ([verb, id]) => [verb, task, id],
      ),
    );
    const rows = lines.slice(lines.findIndex((line) => line.startsWith('STEP')));
    expect(rows[0]).toMatch(/^STEP +ID +SUBTASK +HOST +STATE +OPERATION +RUN +TOOK$/);
    expect(rows[1]).toMatch(new RegExp(`^1 +${a} +a +192\\.0\\.2\\.1 +SUCCESSFUL +EXECUTE +1 +\\d\\.\\ds$`));
    expect(rows[2]).toMatch(new RegExp(`^2 +${b} +b +192\\.0\\.2\\.2 +FAILED +EXECUTE +1 +\\d\\.\\ds$`));
    expect(rows[3]).toMatch(/^3 +\d+ +c +192\.0\.2\.3 +PENDING +EXECUTE$/);
  });

  it('does not offer what is forbidden', async () => {
    const plan = await failedTask({
      change: (draft) => ({
        ...draft,
        context: { ...draft.context, stringMap: { prohibit_rollback: 'true' } },
        nodes: withNodes(draft, (node) => ({ ...node, prohibitSkip: true })).nodes,
      }),
    });
    const { stdout } = await scene.task('show', plan.taskId);
    expect(stdout).toContain('obflow task retry');
    expect(stdout).not.toMatch(/obflow task (skip|rollback)/);
  });

  it('of a task in which one has failed and another still runs offers both', async () => {
    const door = gate();
    scene.bed.behaviours.b = broken;
    scene.bed.behaviours.c = door.behaviour;
    const plan = await scene.submit(DIAMOND);
    try {
      await scene.bed.subtaskWhen(plan, 'b', ({ status }) => status === 'FAILED');
      await scene.bed.subtaskWhen(plan, 'c', ({ status }) => status === 'RUNNING');
      const { stdout } = await scene.task('show', plan.taskId);
      expect(stdout).toContain('Test task: RUNNING (a subtask has failed)\n');
      const verbs = [...stdout.matchAll(/^ {2}obflow task (\w+) \d+ ?(\d*)/gm)].map(([, verb, id]) => [
        verb,
        id,
      ]);
      const [b, c] = [String(idOf(plan, 'b')), String(idOf(plan, 'c'))];
      expect(verbs).toEqual([
        ['watch', ''],
        ['retry', b],
        ['skip', b],
        ['cancel', c],
      ]);
    } finally {
      door.open();
    }
  });

  it('puts what may run together on one step', async () => {
    const plan = await scene.submit(DIAMOND);
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    const { stdout } = await scene.task('show', `task-${plan.taskId}`);
    expect(stdout).toContain('Test task: SUCCESSFUL\n');
    expect(stdout).not.toContain('obflow task');
    const steps = [...stdout.matchAll(/^(\d?) +\d+ +(\w) .*SUCCESSFUL/gm)].map(([, step, name]) => [
      name,
      step,
    ]);
    expect(steps).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '2'],
      ['d', '3'],
    ]);
  });

  it('says of a task that does not exist how to find the ones that do, and fails', async () => {
    const { code, stdout, stderr } = await scene.task('show', 987654);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^The API refused \(404 TSK10001\): There is no task 987654\..*\nobflow task ls lists the tasks\.\n$/,
    );
  });

  it.each(['show x', 'show', 'log 1 -3', 'cancel 5', 'show 1 -o xml', 'vanish 1'])(
    'exits with 2 on wrong usage: %s',
    async (line) => {
      const { code, stderr } = await scene.task(...line.split(' '));
      expect(code).toBe(2);
      expect(stderr).toContain('--help');
    },
  );
});

describe('obflow task ls', () => {
  it('shows the newest first, where each stands and how far it is, by the documented filters', async () => {
    const failed = await failedTask();
    const done = await scene.submit(CHAIN, { change: (plan) => ({ ...plan, name: 'Another task' }) });
    await scene.bed.documentWhen(done, 'FAILED');
    scene.bed.behaviours.b = () => undefined;
    await scene.task('retry', done.taskId);
    await scene.bed.documentWhen(done, 'SUCCESSFUL');
    const lines = (await scene.task('ls')).stdout.split('\n');
    expect(lines[0]).toMatch(/^ID +NAME +TARGET +STATE +DONE +WARN +AT +CREATOR +STARTED +TOOK$/);
    expect(lines[1]).toMatch(new RegExp(`^${done.taskId} +Another task +.*SUCCESSFUL +3/3 `));
    expect(lines[2]).toMatch(
      new RegExp(`^${failed.taskId} +Test task +.*FAILED \\(waits for a person\\) +1/3 +b `),
    );

    const idsOf = async (...args: string[]) =>
      JSON.parse((await scene.task('ls', '-o', 'json', ...args)).stdout).contents.map(
        ({ id }: { id: number }) => id,
      );
    expect(await idsOf('--name', 'Another')).toEqual([done.taskId]);
    expect(await idsOf('--status', 'failed,running')).toContain(failed.taskId);
    expect(await idsOf('--status', 'failed,running')).not.toContain(done.taskId);
    expect(await idsOf('--cluster', 'nowhere')).toEqual([]);
    expect(await idsOf('--page', '2', '--size', '1')).toEqual([failed.taskId]);
  });

  it('finds the tasks of a host by its address, and says when it knows no such host', async () => {
    const hostId = await givenHost(scene.api.store, '192.0.2.77');
    const plan = await scene.submit(CHAIN, { change: (draft) => ({ ...draft, hostId }) });
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    for (const host of ['192.0.2.77', String(hostId)]) {
      const { contents } = JSON.parse((await scene.task('ls', '--host', host, '-o', 'json')).stdout);
      expect(contents.map(({ id }: { id: number }) => id)).toEqual([plan.taskId]);
    }
    const { code, stderr } = await scene.task('ls', '--host', '192.0.2.7');
    expect(code).toBe(1);
    expect(stderr).toContain('No host is called 192.0.2.7.');
  });

  it('says on stderr that there is more, or nothing, and keeps stdout for the table', async () => {
    await scene.submit(CHAIN);
    const first = await scene.task('ls', '--size', '1');
    expect(first.stdout.trim().split('\n')).toHaveLength(2);
    expect(first.stderr).toMatch(/^Page 1 of \d+, \d+ tasks; --page 2 shows the next\.$/m);
    expect(await scene.task('ls', '--name', 'none like this')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No task fits. obflow task ls shows all of them.\n',
    });
  });

  it('tells what the API does not accept', async () => {
    const { code, stderr } = await scene.task('ls', '--status', 'BROKEN');
    expect(code).toBe(1);
    expect(stderr).toMatch(/COM10001.*status.*\n/);
  });
});

describe('obflow task log', () => {
  const write = (plan: Plan, name: string, run: number, text: string) =>
    scene.api.store.tasks.appendLog(plan.taskId, [
      {
        subtaskId: idOf(plan, name),
        run,
        operation: run === 1 ? 'EXECUTE' : 'RETRY',
        time: `2026-01-01T00:00:0${run}.250Z`,
        level: 'INFO',
        text,
      },
    ]);

  it('prints all runs of one subtask, or every subtask that has begun under a header of its own', async () => {
    const plan = await failedTask();
    await write(plan, 'a', 1, 'Looking for the process');
    await write(plan, 'b', 1, 'Starting obproxy');
    await write(plan, 'b', 2, 'Starting obproxy again');
    const one = await scene.task('log', plan.taskId, idOf(plan, 'b'));
    expect(one.stdout).toMatch(/^#+\{EXECUTE\}.*\n.*Starting obproxy\n#+\{RETRY\}.*\n.*again\n$/);
    const all = await scene.task('log', plan.taskId);
    expect(all.stdout).toMatch(
      /^==> \d+ a on 192\.0\.2\.1: SUCCESSFUL, run 1\n#.*\n.*process\n\n==> \d+ b on 192\.0\.2\.2: FAILED, run 1\n#/,
    );
    const [first] = JSON.parse((await scene.task('log', plan.taskId, '-o', 'json')).stdout);
    expect(first).toMatchObject({ subtaskId: idOf(plan, 'a'), name: 'a' });
  });

  it('says that there is nothing yet, and which subtasks there are', async () => {
    const plan = await failedTask();
    expect((await scene.task('log', plan.taskId, idOf(plan, 'c'))).stderr).toBe(
      `${idOf(plan, 'c')} c on 192.0.2.3 is PENDING and has written nothing yet; --follow waits for it.\n`,
    );
    const { code, stderr } = await scene.task('log', plan.taskId, 1);
    expect(code).toBe(1);
    expect(stderr).toContain(`obflow task show ${plan.taskId} lists them`);
  });

  it('with --follow prints each line once as it comes, and ends when nothing runs any more', async () => {
    const door = gate();
    scene.bed.behaviours.b = door.behaviour;
    const plan = await scene.submit(CHAIN);
    await scene.bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    await write(plan, 'b', 1, 'Starting obproxy');
    const asked = jest.spyOn(globalThis, 'fetch');
    const following = scene.task('log', plan.taskId, idOf(plan, 'b'), '--follow');
    await until('the first line', () => scene.printed.includes('Starting obproxy'));
    await write(plan, 'b', 1, 'It listens');
    await until('the second line', () => scene.printed.includes('It listens'));
    door.open();
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    const { code, stdout } = await following;
    expect(code).toBe(0);
    // What has been read is not read again.
    const offsets = asked.mock.calls.flatMap(([url]) => /\/log\?offset=(\d+)/.exec(String(url))?.[1] ?? []);
    asked.mockRestore();
    expect(offsets.filter((offset) => offset === '0')).toHaveLength(1);
    expect(new Set(offsets).size).toBeGreaterThan(2);
    expect(stdout.match(/Starting obproxy/g)).toHaveLength(1);
    expect(stdout.match(/It listens/g)).toHaveLength(1);
    expect(stdout.indexOf('It listens')).toBeGreaterThan(stdout.indexOf('Starting obproxy'));
  });
});

describe('obflow task retry', () => {
  it('of one subtask runs it again and says what happens next', async () => {
    const plan = await failedTask();
    const door = gate();
    scene.bed.behaviours.b = door.behaviour;
    const { code, stdout } = await scene.task('retry', plan.taskId, idOf(plan, 'b'), '--why', 'made room');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        `^Running again: ${idOf(plan, 'b')} b on 192\\.0\\.2\\.2\\.\nTask ${plan.taskId} Test task is RUNNING: 1 of 3`,
      ),
    );
    expect(stdout).toContain(`obflow task watch ${plan.taskId} `);
    door.open();
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    expect((await read(plan, 'b')).subtask).toMatchObject({ runTime: 2, operation: 'RETRY' });
  });

  it('refused leaves everything as it is, says what is allowed and where to look, and exits with 1', async () => {
    const plan = await scene.submit(CHAIN);
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    const { code, stdout, stderr } = await scene.task('retry', plan.taskId);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      new RegExp(
        `^The API refused \\(400 TSK10016\\): .*SUCCESSFUL.*\nLook at it: obflow task show ${plan.taskId}\n$`,
      ),
    );
  });
});

describe('a command whose answer is lost', () => {
  let relay: Server;
  let sent: { key: string; authorization: string }[];
  let losses: number;
  beforeEach(async () => {
    sent = [];
    losses = 1;
    relay = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { authorization = '', 'idempotency-key': key } = request.headers;
      const answer = await fetch(scene.api.url + (request.url ?? ''), {
        method: request.method ?? 'GET',
        headers: {
          authorization,
          ...(key === undefined
            ? {}
            : { 'idempotency-key': String(key), 'content-type': 'application/json' }),
        },
        ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
      });
      const text = await answer.text();
      if (request.method === 'POST') {
        sent.push({ key: String(key), authorization });
        if (sent.length <= losses) return request.socket.destroy();
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    relay.closeAllConnections();
    await new Promise((resolve) => relay.close(resolve));
  });
  const through = () => ({
    ...scene.env,
    OBFLOW_URL: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
  });

  it('is sent again under the same key, and obeyed once', async () => {
    const plan = await failedTask();
    const { code, stdout } = await runTask(['retry', String(plan.taskId)], through());
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'Running again: every failed subtask.']);
    expect(sent).toHaveLength(2);
    expect(sent[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(sent[1]?.key).toBe(sent[0]?.key);
    await scene.bed.documentWhen(plan, 'FAILED');
    expect((await read(plan, 'b')).subtask.runTime).toBe(2);
  });

  it('every time, says that it may have been obeyed and where to look', async () => {
    losses = 100;
    const plan = await failedTask();
    const { code, stderr } = await runTask(['retry', String(plan.taskId)], through());
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^No answer from http.*\nBefore you give the command again: obflow task show \d+\n$/,
    );
  });
});

describe('the password', () => {
  const bin = path.join(repositoryRoot(), 'bin/obflow.js');

  it('stands in no error, whatever goes wrong', async () => {
    const wrong = { ...scene.env, OBFLOW_PASSWORD: 'Wrong.Passw0rd' };
    const outputs = [
      await runTask(['ls'], wrong),
      await runTask(['ls'], { ...scene.env, OBFLOW_URL: 'http://127.0.0.1:1' }),
      await runTask(['show', '987654'], scene.env),
      await runTask(['watch', '987654'], wrong),
    ];
    for (const { code, stdout, stderr } of outputs) {
      expect(code).toBe(1);
      for (const secret of [
        PASSWORD,
        'Wrong.Passw0rd',
        Buffer.from(`admin:${PASSWORD}`).toString('base64'),
      ]) {
        expect(stdout + stderr).not.toContain(secret);
      }
    }
    expect(outputs[0]?.stderr).toContain('Check OBFLOW_USER (admin) and OBFLOW_PASSWORD.');
    expect(outputs[1]?.stderr).toContain('No answer from http://127.0.0.1:1');
  });

  it('missing is said before anybody is asked, by the command as installed, which exits with 1', async () => {
    const env = { ...process.env, ...scene.env, OBFLOW_PASSWORD: '' };
    const child = spawn(process.execPath, [bin, 'task', 'ls'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(stderr).toContain(`Set OBFLOW_PASSWORD to the password of admin at ${scene.api.url}, or `);
  });
});
