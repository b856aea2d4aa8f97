/** A host that somebody else has taken over: it speaks SSH, knows every script it is sent, and answers what it likes. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server as TcpServer } from 'node:net';
import { Server, type ServerChannel } from 'ssh2';
import { createHosts, type Host, type HostAddress, type Hosts } from '../../hosts';
import { PermanentError, TransientError } from '../../runtime/errors';
import { sshKeyPair } from '../../sandbox/hosts/keys';
import { startCaller } from '../hosts/reach';
import { ANY_ADDRESS } from '../support/addresses';
import { describeIf, longRunOnly } from '../support/skip';

const PASSWORD = 'Planted-pa55word';
const MIB = 1024 * 1024;
const MARK = /echo (obflow-[0-9a-f]{24})-begin/;

/** What the host does with a script and the mark its output should lie between. */
type Answer = (channel: ServerChannel, mark: string, script: string) => void;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function newHosts(): Hosts {
  const hosts = createHosts({
    ...{ pinHostKey: async (_id, key) => key, addresses: ANY_ADDRESS, loginSeconds: 5 },
  });
  closing.push(() => hosts.close());
  return hosts;
}

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.address() as { port: number }).port;
}

/** A hostile host's address. */
async function addressOf(answer: Answer): Promise<HostAddress> {
  const server = new Server({ hostKeys: [sshKeyPair('host').privateKey] }, (client) => {
    closing.push(() => client.end());
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => {
      accept().on('exec', (take) => {
        const channel = take();
        channel.on('error', () => undefined);
        let said = '';
        channel.on('data', (chunk: Buffer) => {
          said += chunk.toString('latin1');
          const mark = MARK.exec(said)?.[1];
          const whole = mark !== undefined && said.includes(`unset -f obflow_script\n}\n`);
          if (!whole) return;
          const script = said;
          said = '';
          answer(channel, mark, script);
        });
      });
    });
  });
  return at(await listening(server));
}

const at = (sshPort: number): HostAddress => ({
  hostId: 1,
  ip: '127.0.0.1',
  sshPort,
  username: 'root',
  auth: { kind: 'password', password: PASSWORD },
});

async function hostile(answer: Answer): Promise<Host> {
  return newHosts().open(await addressOf(answer));
}

const begin = (channel: ServerChannel, mark: string) =>
  channel.stderr.write(`${mark}-begin 1 (sh) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 20 0 1 0 5\n`);

/** Plays by the rules, with any bytes as the output of the script. */
const printing =
  (output: Buffer | string, exit = '0'): Answer =>
  (channel, mark) => {
    begin(channel, mark);
    channel.stderr.write(`${mark}-end \n`);
    channel.write(`${mark}-begin\n`);
    channel.write(output);
    channel.write(`${mark}-end ${exit}\n`);
  };

/** Writes `chunk` again and again, as fast as it is taken. */
function forEver(channel: ServerChannel, chunk: Buffer): void {
  const more = () => {
    while (!channel.destroyed && channel.writable) {
      if (!channel.write(chunk)) {
        channel.once('drain', more);
        return;
      }
    }
  };
  more();
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof PermanentError || outcome instanceof TransientError)) {
    throw new Error(`expected an error of ours, got ${String(outcome)}`);
  }
  expect(outcome.message).not.toContain(PASSWORD);
  return outcome;
}

describeIf(longRunOnly(), 'output without end', () => {
  const noise = randomBytes(64 * 1024);
  const endings: [string, Answer][] = [
    ['before its first mark', (channel) => forEver(channel, noise)],
    [
      'on stderr',
      (channel, mark) => {
        begin(channel, mark);
        forEver(channel.stderr as never, noise);
      },
    ],
    [
      'within its marks',
      (channel, mark) => {
        begin(channel, mark);
        channel.write(`${mark}-begin\n`);
        forEver(channel, noise);
      },
    ],
    [
      'on the line of its last mark',
      (channel, mark) => {
        begin(channel, mark);
        channel.write(`${mark}-begin\n${mark}-end `);
        forEver(channel, Buffer.alloc(64 * 1024, 'x'));
      },
    ],
  ];
  test.each(endings)('%s ends the script, in bounded memory', async (where, answer) => {
    // In a process of its own, whose memory is the client's alone.
    const client = await startCaller(
      `const say = (what) => {
        process.stdout.write(JSON.stringify({ ...what, mib: process.resourceUsage().maxRSS / 1024 }));
        return hosts.close();
      };
      hosts.open(call).then((host) => host.sh('true', { timeoutMs: 20_000 })).then(
        ({ exitCode, stdout, stderr }) => say({ end: String(exitCode), taken: stdout.length + stderr.length }),
        (error) => say({ end: error.type, taken: error.message.length }),
      );`,
      await addressOf(answer),
    );
    closing.push(() => client.kill());
    const said: Buffer[] = [];
    client.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    await client.ended;
    const told: unknown = JSON.parse(Buffer.concat(said).toString());
    const { end, taken, mib } = told as { end: string; taken: number; mib: number };
    // What a login prints before the script begins is passed over, up to a limit; a script that prints too much is killed.
    expect(end).toBe(where === 'before its first mark' ? 'ShellRefused' : '137');
    expect(taken).toBeLessThanOrEqual(2 * MIB);
    // 100 to 340 seen, node itself included; the rest is what the garbage collector has not got to yet.
    expect(mib).toBeLessThan(512);
  });
});

describe('answers that mean nothing', () => {
  const garbage = randomBytes(8 * 1024);
  test.each<[string, (host: Host) => Promise<unknown>]>([
    ['facts', (host) => host.facts()],
    ['processes', (host) => host.processes()],
    ['listening ports', (host) => host.listeners()],
    ['packages', (host) => host.rpmQuery('obproxy')],
    ['a file', (host) => host.readFile('/etc/os-release')],
    ['a look at a program', (host) => host.observe('/opt/x/bin/obproxy')],
    [
      'a command that runs once',
      (host) => host.once({ taskId: 1, subtaskId: 2, run: 1, name: 'x' }, 'true', { timeoutMs: 3_000 }),
    ],
    ['the end of a command', (host) => host.stopOnce({ taskId: 1, subtaskId: 2, run: 1, name: 'x' })],
    ['the end of a task', (host) => host.forgetTask(1)],
  ])('for %s are either an error of ours or plain values, never a crash', async (_what, ask) => {
    const host = await hostile(printing(garbage, '1'));
    const outcome = await ask(host).then(
      (value) => value,
      (error: unknown) => error,
    );
    if (outcome instanceof Error) {
      expect(outcome).toHaveProperty('type');
      expect(outcome.message.length).toBeLessThan(4_000);
    }
  });

  test.each(['', 'abc', '1e9', '-1', '99999999999999999999'])('an exit code %j is none', async (exit) => {
    const host = await hostile(printing('', exit));
    expect(await failureOf(host.sh('true'))).toBeInstanceOf(TransientError);
  });

  test.each<[string, (host: Host) => Promise<unknown>]>([
    ['a question to rpm', (host) => host.rpmQuery('obproxy')],
    ['writing a file', (host) => host.writeFile('/opt/x', 'x', { mode: '0600' })],
  ])('%s that was killed may be tried again, and nobody is told to repair something', async (_what, ask) => {
    const error = await failureOf(ask(await hostile(printing('', '137'))));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain('was killed (exit code 137)');
  });

  test('marks of another script end nothing', async () => {
    const host = await hostile((channel, mark, script) => {
      const forged = `obflow-${createHash('sha256').update('guess').digest('hex').slice(0, 24)}`;
      printing(`${forged}-begin\nforged\n${forged}-end 0\n`)(channel, mark, script);
    });
    expect((await host.sh('true')).stdout).toContain('forged');
  });
});

describe('silence', () => {
  test('in the middle of a script ends with its timeout', async () => {
    const host = await hostile(begin);
    const error = await failureOf(host.sh('true', { timeoutMs: 300 }));
    expect(error).toMatchObject({ type: 'ScriptTimeout' });
  });

  test('a connection that is closed at every script is an error that may pass', async () => {
    const host = await hostile((channel) => channel.destroy());
    expect(await failureOf(host.sh('true', { timeoutMs: 5_000 }))).toBeInstanceOf(TransientError);
  });

  test('instead of a banner, or a banner byte by byte, ends within the time of a login', async () => {
    const server = createServer((socket) => {
      const drip = setInterval(() => socket.write('x'), 200);
      socket.on('error', () => undefined);
      socket.on('close', () => clearInterval(drip));
    });
    const port = await listening(server);
    const error = await failureOf(newHosts().open(at(port)));
    expect(error.message).toContain('127.0.0.1');
  }, 30_000);
});
