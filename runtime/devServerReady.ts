import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAddress } from './addressText';
import { PermanentError } from './errors';
import { withoutProxy } from './temporalPlace';

/** The dev server ended, or never answered, while it was being started. */
export class DevServerFailed extends PermanentError {
  constructor(
    address: string,
    cameBack: string,
    logFile: string,
    /** The server's program crashed (a Go panic), it did not refuse. */
    readonly panicked: boolean,
  ) {
    super({
      type: 'DevServerFailed',
      tried: 'start the Temporal dev server',
      where: address,
      cameBack,
      next: `Its log is ${logFile}.`,
    });
  }
}

const READY_WITHIN_MS = 60_000;
const READ_BYTES = 64 * 1024;
const QUOTED_LINES = 6;
const QUOTED_CHARS = 2_000;

/**
 * Returns when the server answers a real gRPC call about its namespace.
 * Throws PermanentError when the process ends or 60 s have passed, quoting what it wrote into the log from byte
 * `start` on.
 */
export async function waitForDevServer(
  address: string,
  log: { readonly file: string; readonly start: number },
  exited: Promise<number | null>,
): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  let ended: { code: number | null } | undefined;
  void exited.then((code) => {
    ended = { code };
  });
  const problem = (cameBack: string) => {
    const { text, panicked } = writtenSince(log.file, log.start);
    return new DevServerFailed(address, `${cameBack}: ${text}`, log.file, panicked);
  };
  for (;;) {
    if (ended !== undefined) throw problem(`it ended with exit code ${ended.code}`);
    if (Date.now() > deadline) throw problem(`no answer within ${READY_WITHIN_MS / 1000} s`);
    // A gRPC channel that was refused once waits a second: knock on the port first.
    if ((await listens(address)) && (await answers(address))) return;
    await delay(30);
  }
}

function listens(address: string): Promise<boolean> {
  const { host, ports } = parseAddress(address) ?? { host: '127.0.0.1', ports: [] };
  return new Promise((resolve) => {
    const socket = connect({ host, port: ports[0] ?? 0 });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function answers(address: string): Promise<boolean> {
  // Loaded here, when the server has been launched: it starts on another core meanwhile.
  const { Connection } = await import('@temporalio/client');
  const connection = Connection.lazy({ address, channelArgs: withoutProxy(address) });
  try {
    await connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.describeNamespace({ namespace: 'default' }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

/**
 * What this start wrote into the log, in one line: its last lines, or the reason of a Go panic, which stands above
 * its trace.
 */
function writtenSince(file: string, from: number): { text: string; panicked: boolean } {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const start = Math.max(from, size - READ_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(descriptor, buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8').trim().split('\n');
    const panic = lines.findIndex((line) => line.startsWith('panic: '));
    const quoted = panic === -1 ? lines.slice(-QUOTED_LINES) : lines.slice(panic, panic + QUOTED_LINES);
    return { text: quoted.join(' | ').slice(0, QUOTED_CHARS) || 'it wrote nothing', panicked: panic !== -1 };
  } finally {
    closeSync(descriptor);
  }
}
