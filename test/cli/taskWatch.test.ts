import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { repositoryRoot } from '../../runtime/paths';
import type { Plan } from '../../workflows/plan';
import { PASSWORD } from '../api/harness';
import { CHAIN, idOf, withNodes } from '../support/plans';
import { describeIf } from '../support/skip';
import { broken, gate } from '../support/tasks';
import { until } from '../support/until';
import { runTask, TaskScene } from './taskScene';

let scene: TaskScene;
let doors: ReturnType<typeof gate>[] = [];
beforeAll(async () => {
  scene = await TaskScene.open();
});
afterAll(() => scene.close());
afterEach(() => {
  for (const door of doors) door.open();
  doors = [];
  for (const name of Object.keys(scene.bed.behaviours)) delete scene.bed.behaviours[name];
});

/** A task that has come to b waits there until it is opened, at the latest after the test. */
function shutDoor(): ReturnType<typeof gate> {
  const door = gate();
  doors.push(door);
  scene.bed.behaviours.b = door.behaviour;
  return door;
}

/** Two hosts for the node in the middle. */
const fanOut = (plan: Plan): Plan => {
  const changed = withNodes(plan, (node) =>
    node.name === 'b' ? { ...node, split: { by: 'host_ids' } } : node,
  );
  const context = { ...plan.context, listMap: { host_ids: ['1', '2'] } };
  return { ...changed, context, places: { host_ids: { '1': '192.0.2.1', '2': '192.0.2.2' } } };
};

describe('obflow task watch where nobody looks', () => {
  it('tells a line a change, over the fan-out of each node, and exits with 0 when the task is SUCCESSFUL', async () => {
    const door = shutDoor();
    const plan = await scene.submit({ a: [], b: ['a'], d: ['b'] }, { change: fanOut });
    const watching = scene.task('watch', plan.taskId);
    await scene.bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    await until('it is told', () => scene.printed.includes('RUNNING on'));
    door.open();
    const { code, stdout, stderr } = await watching;
    expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('SUCCESSFUL')]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(`Task ${plan.taskId} Test task`);
    expect(lines.filter((line) => /^ {2}b \d\/2 RUNNING on 192\.0\.2\.\d/.test(line)).length).toBeGreaterThan(
      0,
    );
    expect(lines.filter((line) => line === '  b 2/2')).toHaveLength(1);
    expect(lines.filter((line) => line === '  d 1/1')).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^Task \d+ Test task is SUCCESSFUL after /);
    expect(new Set(lines).size).toBe(lines.length);
    expect(stdout).not.toContain('\x1b');
  });

  it('ends, saying why, when the login it began with counts no more', async () => {
    shutDoor();
    const plan = await scene.submit(CHAIN);
    const watching = scene.task('watch', plan.taskId);
    await until('it is told', () => scene.printed.includes('RUNNING'));
    await scene.api.store.users.change(100, { password: 'another one' });
    const { code, stderr } = await watching;
    await scene.api.store.users.change(100, { password: PASSWORD });
    expect([code, stderr]).toEqual([1, expect.stringContaining('The API refused (401 IAM10004)')]);
  });

  it('ends when the task needs a person: exit code 1, the reason, and the commands to use', async () => {
    scene.bed.behaviours.b = broken;
    const plan = await scene.submit(CHAIN);
    const { code, stdout } = await scene.task('watch', plan.taskId);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED \d+ b: Could not run b on .*no space left on device/m);
    expect(stdout).toContain(`is FAILED (waits for a person) after`);
    expect(stdout).toContain(`obflow task retry ${plan.taskId} ${idOf(plan, 'b')} `);
  });

  it('stays over a failure with --stay, until the task has ended', async () => {
    scene.bed.behaviours.b = broken;
    const plan = await scene.submit(CHAIN);
    const watching = scene.task('watch', plan.taskId, '--stay', '-o', 'json');
    await until('it has told of the failure', () =>
      scene.printed.includes('"status":"FAILED","operation":"EXECUTE"'),
    );
    scene.bed.behaviours.b = () => undefined;
    await scene.api.send('POST', `/api/v2/tasks/instances/${plan.taskId}/retry`);
    const { code, stdout, stderr } = await watching;
    expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('SUCCESSFUL')]);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(documents.at(-1)).toMatchObject({ id: plan.taskId, status: 'SUCCESSFUL', operation: 'RETRY' });
  });
});

/** Stands between command and API; can cut every connection, and be one without a stream. */
class Relay {
  readonly events: IncomingHttpHeaders[] = [];
  streams = true;
  readonly #server: Server;

  constructor(private readonly target: () => string) {
    this.#server = createServer(async (request, response) => {
      const url = request.url ?? '';
      if (url.endsWith('/events')) {
        this.events.push(request.headers);
        if (!this.streams) return response.writeHead(400).end('{}');
      }
      const { authorization = '', accept = '', 'last-event-id': last } = request.headers;
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      try {
        const headers = {
          authorization,
          accept,
          ...(last === undefined ? {} : { 'last-event-id': String(last) }),
        };
        const answer = await fetch(this.target() + url, { headers, signal: gone.signal });
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
        if (answer.body === null) return response.end();
        Readable.fromWeb(answer.body as never)
          .on('error', () => response.destroy())
          .pipe(response);
      } catch {
        response.destroy();
      }
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('what obflow task watch hears', () => {
  let relay: Relay;
  let env: NodeJS.ProcessEnv;
  beforeEach(async () => {
    relay = new Relay(() => scene.api.url);
    env = { ...scene.env, OBFLOW_URL: await relay.open() };
  });
  afterEach(() => relay.close());

  it('is taken up after a lost connection where it broke off', async () => {
    const door = shutDoor();
    const plan = await scene.submit(CHAIN);
    const watching = runTask(['watch', String(plan.taskId), '-o', 'json'], env);
    await until('it hears of b', () =>
      scene.printed.includes('"status":"RUNNING","operation":"EXECUTE","runTime":1'),
    );
    // One document was asked for, the next came as an event.
    await until('it has heard an event', () => scene.printed.trimEnd().split('\n').length >= 2);
    relay.cut();
    await until('it has connected again', () => relay.events.length > 1);
    door.open();
    const { code, stderr } = await watching;
    expect([code, stderr.match(/Trying again/g)?.length ?? 1]).toEqual([0, 1]);
    expect(relay.events[0]).not.toHaveProperty('last-event-id');
    expect(relay.events.at(-1)?.['last-event-id']).toMatch(/./);
  });

  it('is asked for every second from an API that has no stream', async () => {
    relay.streams = false;
    const door = shutDoor();
    const plan = await scene.submit(CHAIN);
    const watching = runTask(['watch', String(plan.taskId)], env);
    await until('it hears of b', () => scene.printed.includes('b 0/1 RUNNING'));
    door.open();
    const { code, stdout, stderr } = await watching;
    expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('SUCCESSFUL')]);
    expect(stdout).toContain('is SUCCESSFUL');
    expect(relay.events).toHaveLength(1);
  });
});

function noScript(): string | undefined {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no script(1); install bsdutils (Debian) or util-linux';
  }
}

describeIf(noScript(), 'on a terminal', () => {
  const bin = path.join(repositoryRoot(), 'bin/obflow.js');
  let child: ChildProcess | undefined;
  let screen: string;

  /** `obflow task watch` on a terminal of 24 lines of 100 columns; answers its exit code. */
  function watch(plan: Plan): Promise<number | null> {
    const command = `stty rows 24 cols 100; exec ${process.execPath} ${bin} task watch ${plan.taskId}`;
    child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, ...scene.env, TERM: 'xterm-256color', NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    screen = '';
    child.stdout?.on('data', (chunk) => {
      screen += String(chunk);
    });
    return new Promise((resolve) => child?.once('close', resolve));
  }
  afterEach(() => {
    child?.kill('SIGKILL');
  });

  const drawn = (pattern: RegExp) =>
    until(`${pattern} is drawn`, () => pattern.test(screen), 20_000).catch((error: Error) => {
      throw new Error(`${error.message}; the screen has seen ${JSON.stringify(screen.slice(-3000))}`);
    });

  it('obflow task watch draws a bar a node, again and again in place, and gives the cursor back', async () => {
    const door = shutDoor();
    const plan = await scene.submit({ a: [], b: ['a'], d: ['b'] }, { change: fanOut });
    const ended = watch(plan);
    await drawn(/b \|\.{24}\| 0\/2 RUNNING on 192\.0\.2\.1 [\d.]+s, 192\.0\.2\.2/);
    door.open();
    expect(await ended).toBe(0);
    expect(screen).toContain('\x1b[?25l');
    expect(screen).toContain('\x1b[2K\x1b[1A');
    expect(screen.lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.lastIndexOf('\x1b[?25l'));
    const last = screen.slice(screen.lastIndexOf('\x1b[2K'));
    expect(last).toMatch(/Task \d+ Test task: SUCCESSFUL, 4 of 4 subtasks done/);
    for (const [name, count] of [
      ['a', '1/1'],
      ['b', '2/2'],
      ['d', '1/1'],
    ]) {
      expect(last).toContain(`  ${name} |${'#'.repeat(24)}| ${count}`);
    }
  });

  it('Ctrl-C leaves: exit code 130, the cursor is back, the task goes on', async () => {
    const door = shutDoor();
    const plan = await scene.submit(CHAIN);
    const ended = watch(plan);
    await drawn(/b \|.*RUNNING/);
    child?.stdin?.write('\x03');
    expect(await ended).toBe(130);
    expect(screen.lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.lastIndexOf('\x1b[?25l'));
    expect(screen).toContain(
      `Task ${plan.taskId} goes on without you. obflow task watch ${plan.taskId} shows it again.`,
    );
    door.open();
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
  });
});
