import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';

/** A part of obflow running as its own process, as an operator would run it. */
export interface ObflowProcess {
  readonly pid: number;
  /** Resolves to the exit code when it ends by itself or by a signal (then null). */
  readonly exited: Promise<number | null>;
  /** Everything it printed so far. */
  output(): string;
  /** Resolves with the first line that matches; rejects when the process ends first. */
  line(pattern: RegExp, deadlineMs?: number): Promise<string>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and wait for the drain; SIGKILL after 20 s. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** Ends what it runs when its standard input closes: nothing of a stack outlives the process that started it. */
const GUARD = path.join(repositoryRoot(), 'runtime', 'devServerGuard.sh');

/**
 * Starts `obflow <args>`, or another script of its kind; its output goes to `logFile`, and to the caller through
 * `line` and `output`. It is no member of the terminal's foreground group, so Ctrl-C reaches it only through `stop`.
 */
export function startObflow(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  logFile: string,
  script: string = path.join(repositoryRoot(), 'bin/obflow.js'),
): ObflowProcess {
  const pidFile = `${logFile}.${randomBytes(4).toString('hex')}`;
  const child: ChildProcess = spawn('sh', [GUARD, pidFile, process.execPath, script, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // The pipe is only there to close.
  child.stdin?.on('error', () => undefined);
  const log = createWriteStream(logFile, { flags: 'a' });
  let text = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      log.write(chunk);
      for (const watcher of watchers) watcher();
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      rmSync(`${pidFile}.server`, { force: true });
      for (const watcher of watchers) watcher();
      resolve(code);
    });
    // Later than its exit: what it has printed may still be on its way.
    child.once('close', () => log.end());
    child.once('error', () => resolve(null));
  });
  const pid = () => {
    try {
      return Number(readFileSync(`${pidFile}.server`, 'utf8'));
    } catch {
      return undefined;
    }
  };
  const signal = (name: NodeJS.Signals) => {
    const target = pid();
    try {
      if (target !== undefined && target > 0 && !ended()) process.kill(target, name);
    } catch {
      // It ended a moment ago.
    }
  };
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    get pid() {
      return pid() ?? -1;
    },
    exited,
    output: () => text,
    line(pattern, deadlineMs = 60_000) {
      return new Promise((resolve, reject) => {
        const finish = (act: () => void) => {
          clearTimeout(timer);
          watchers.delete(look);
          act();
        };
        const look = () => {
          const found = text.split('\n').find((line) => pattern.test(line));
          if (found !== undefined) finish(() => resolve(found));
          else if (ended())
            finish(() => reject(new Error(`obflow ${args.join(' ')} ended: ${text.slice(-2000)}`)));
        };
        const timer = setTimeout(
          () =>
            finish(() =>
              reject(new Error(`obflow ${args.join(' ')} did not print ${pattern}: ${text.slice(-2000)}`)),
            ),
          deadlineMs,
        );
        watchers.add(look);
        look();
      });
    },
    async kill() {
      signal('SIGKILL');
      await exited;
    },
    async stop() {
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), 20_000);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
}
