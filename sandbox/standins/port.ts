/** A listening port that can stop accepting without being closed, and that can be handed to another process. */
import { spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';

export type PortAddress =
  | { readonly host: string; readonly port: number }
  /** Open here already, by inheritance. */
  | { readonly fd: number };

/** Of Node's own, without types: a socket of the kernel. */
interface Handle {
  readonly fd: number;
  close(): void;
}

/** Sends back what it gets: a socket that went through another process is a second descriptor of the same socket. */
const ECHO = "process.once('message',(word,handle)=>process.send(word,handle,()=>process.exit(0)))";

/**
 * A second descriptor of a server's socket. Node has no dup(2), and to close the one that accepts would close the port,
 * which a proxy in a hot restart never does.
 */
function duplicate(server: Server): Promise<Handle> {
  const { _handle: handle } = server as unknown as { _handle: Handle };
  return new Promise((resolve, reject) => {
    const echo = spawn(process.execPath, ['-e', ECHO], {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    echo.once('error', reject);
    echo.once('exit', () => reject(new Error('no second descriptor of the listening socket')));
    echo.once('message', (_word, back) => resolve(back as unknown as Handle));
    echo.send('', handle as unknown as Server);
  });
}

export class Port {
  private server: Server | undefined;
  private held: Handle | undefined;

  constructor(private readonly accept: (socket: Socket) => void) {}

  /** The port's number. Rejects with the system's error (EADDRINUSE …) when it cannot listen. */
  async listen(address: PortAddress): Promise<number> {
    const server = await this.acceptOn(address);
    const bound = server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  private acceptOn(on: PortAddress | Handle): Promise<Server> {
    const server = createServer((socket) => this.accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(on, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        this.server = server;
        resolve(server);
      });
    });
  }

  /**
   * Accepts nothing from now on: clients connect, because the kernel's queue goes on, and hear nothing. Answers the
   * descriptor for another process; repeatable.
   */
  async hold(): Promise<number> {
    const { server } = this;
    if (server === undefined) throw new Error('the port is not open');
    if (this.held === undefined) {
      this.held = await duplicate(server);
      // Connections that it accepted go on.
      server.close();
    }
    return this.held.fd;
  }

  /** Accepts again, whoever waits in the kernel's queue first. */
  async release(): Promise<void> {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    await this.acceptOn(held);
  }

  /** Resolves when its connections have ended, too. */
  async close(): Promise<void> {
    this.held?.close();
    this.held = undefined;
    const { server } = this;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
