/** A folder under the temporary folder in which a stand-in, or the real program, lives on loopback. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/until';

const run = promisify(execFile);

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** An empty folder with bin/. */
export function homeFolder(name: string): string {
  const dir = mkdtempSync(path.join(tmpdir(), `obflow-${name}-`));
  mkdirSync(path.join(dir, 'bin'));
  return dir;
}

export abstract class Home {
  /** @param program its name in bin/ */
  protected constructor(
    readonly dir: string,
    private readonly program: string,
  ) {}

  path(name: string): string {
    return path.join(this.dir, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** What the launcher says; it comes back at once whatever becomes of the daemon. */
  async launch(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; stderr: string; stdout: string }> {
    try {
      const options = { cwd: this.dir, env: { ...process.env, ...env } };
      const { stderr, stdout } = await run(`./bin/${this.program}`, [...args], options);
      return { code: 0, stderr, stdout };
    } catch (error) {
      const { code, stderr, stdout } = error as { code: number; stderr: string; stdout: string };
      return { code, stderr, stdout };
    }
  }

  /** Waits until a login works. */
  protected async loginWorks(who: string, login: () => Promise<{ destroy(): void }>): Promise<void> {
    await until(
      `a login as ${who}`,
      async () => {
        try {
          (await login()).destroy();
          return true;
        } catch {
          return false;
        }
      },
      20_000,
    );
  }

  /** Processes that live in this home; a dead one that nobody has waited for does not count. */
  pids(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return (
            readlinkSync(`/proc/${pid}/cwd`) === this.dir &&
            !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
          );
        } catch {
          return false;
        }
      });
  }

  async gone(): Promise<void> {
    await until('no process in the home', () => this.pids().length === 0, 20_000);
  }

  /** Sends the signal to what runs here, and waits. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (const pid of this.pids()) process.kill(pid, signal);
    await this.gone();
  }

  /** The end of a test: nothing is left, neither process nor file. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}
