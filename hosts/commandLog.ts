import type { Logger } from '../runtime/logger';
import type { CommandId, HostAddress } from './types';

/** What is told of work on a host: never a script, its output, or a file's content, which may hold secrets. */
export class CommandLog {
  constructor(
    private readonly logger: Logger | undefined,
    private readonly address: HostAddress,
  ) {}

  /** Something that only looks. */
  look<T>(what: string, work: () => Promise<T>, result?: (value: T) => object): Promise<T> {
    return this.#tell('debug', { look: what }, work, result);
  }

  /** Something that changes the host. */
  change<T>(what: string, event: object, work: () => Promise<T>, result?: (value: T) => object): Promise<T> {
    return this.#tell('info', { change: what, ...event }, work, result);
  }

  /** A command under its id, from before it starts: it goes on when this process ends. */
  command<T>(id: CommandId, work: () => Promise<T>, result: (value: T) => object): Promise<T> {
    const event = { command: id.name, taskId: id.taskId, subtaskId: id.subtaskId, run: id.run };
    this.logger?.info({ host: this.address.ip, ...event }, 'host command asked for');
    return this.#tell('info', event, work, result);
  }

  async #tell<T>(
    level: 'info' | 'debug',
    event: object,
    work: () => Promise<T>,
    result: ((value: T) => object) | undefined,
  ): Promise<T> {
    const since = performance.now();
    const told = { host: this.address.ip, ...event };
    const ms = () => Math.round(performance.now() - since);
    try {
      const value = await work();
      this.logger?.[level]({ ...told, ms: ms(), ...result?.(value) }, 'host command');
      return value;
    } catch (error) {
      this.logger?.[level]({ ...told, ms: ms(), err: error }, 'host command not finished');
      throw error;
    }
  }
}
