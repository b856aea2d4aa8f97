import { findCommands } from '../../hosts/commands';
import type { Host } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { SERVICE } from './service';

const COMMAND = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

function missingError(host: Host, user: string, commands: readonly string[], missing: readonly string[]) {
  return new PermanentError({
    type: 'CommandMissing',
    code: 'CMP07036',
    tried: say('host.findCommands', { commands: commands.join(', '), user }),
    where: host.ip,
    cameBack: say('host.missing', { commands: missing.join(', ') }),
    next: say('next.installCommands', { commands: missing.join(', ') }),
  });
}

/** The error of "Check if command exists", or undefined when every command is there. */
export async function missingCommands(
  host: Host,
  user: string,
  commands: readonly string[],
): Promise<PermanentError | undefined> {
  const found = await findCommands(host, user, commands);
  const missing = commands.filter((command) => (found.get(command) ?? '') === '');
  return missing.length === 0 ? undefined : missingError(host, user, commands, missing);
}

/** "Check if command exists": every command is found by the run user with the PATH of a login; all missing at once. */
export const CheckCommand = subtask({
  name: 'Check if command exists',
  className: 'host.CheckCommandTask',
  timeout: 300,
  needs: { ...SERVICE, commands_to_check: 'list' },

  async run(scope) {
    const commands = scope.list('commands_to_check').filter((command) => COMMAND.test(command));
    const { runUser } = await scope.service().recorded();
    const host = await scope.host();
    const found = await findCommands(host, runUser, commands);
    const missing = commands.filter((command) => (found.get(command) ?? '') === '');
    for (const command of commands) {
      if (!missing.includes(command)) scope.log.info(`${command}: ${found.get(command)}`);
    }
    if (missing.length > 0) throw missingError(host, runUser, commands, missing);
    return undefined;
  },
});
