import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
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

/** Starts `obflow <args>`; its output goes to `logFile`, and to the caller through `line` and `output`. */
export function startObflow(args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): ObflowProcess {
  const child: ChildProcess = spawn(
    process.execPath,
    [path.join(repositoryRoot(), 'bin/obflow.js'), ...args],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
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
      for (const watcher of watchers) watcher();
      log.end();
      resolve(code);
    });
    child.once('error', () => resolve(null));
  });
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? -1,
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
      if (!ended()) child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      if (!ended()) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
}
