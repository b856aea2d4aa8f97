import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { quote } from './quote';
import type { Host } from './types';

const MARK = 'obflow-path:';
/** A profile may wait for a terminal, or record the session for ever. */
const PROFILE_SECONDS = 5;

/**
 * Shell text that gives PATH what a login's /etc/profile adds. The profile runs in a shell of its own, and says PATH from
 * an EXIT trap: `.` is a special builtin, whose errors (a TMOUT made readonly twice, a function name with a hyphen) end a
 * POSIX shell, and profiles may `exit` or replace the shell (session recording). Where nothing is said PATH stays as it is.
 */
export const LOGIN_PATH = `obflow_limit=
command -v timeout >/dev/null 2>&1 && obflow_limit='timeout -k 1 ${PROFILE_SECONDS}'
obflow_shell=sh
command -v bash >/dev/null 2>&1 && obflow_shell=bash
obflow_said=$($obflow_limit $obflow_shell -c 'trap "printf \\"\\\\n%s%s\\\\n\\" ${MARK} \\"\\$PATH\\"" EXIT
    [ ! -r /etc/profile ] || . /etc/profile >/dev/null 2>&1' </dev/null 2>/dev/null)
case $obflow_said in
*${MARK}*) obflow_found=\${obflow_said##*${MARK}}; obflow_found=\${obflow_found%%
*}; [ -z "$obflow_found" ] || PATH="$obflow_found:$PATH" ;;
esac
export PATH
`;

/**
 * Where `user` finds each of these commands with the PATH of a login; '' for those that are not there. PermanentError
 * CommandsUnknown when the host did not answer for every one of them, which is not the same as "not there".
 */
export async function findCommands(
  host: Pick<Host, 'sh' | 'ip'>,
  user: string,
  commands: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const script = `${LOGIN_PATH}
for command in ${commands.map(quote).join(' ')}; do
  printf 'obflow-command %s ' "$command"; command -v "$command" || echo
done
:`;
  const { exitCode, stdout, stderr } = await host.sh(script, { user });
  const found = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const [word, command, ...place] = line.split(' ');
    if (word === 'obflow-command' && command !== undefined) found.set(command, place.join(' '));
  }
  const silent = commands.filter((command) => !found.has(command));
  if (exitCode === 0 && silent.length === 0) return found;
  throw new PermanentError({
    type: 'CommandsUnknown',
    tried: say('host.lookForCommands', { commands: commands.join(', '), user }),
    where: host.ip,
    cameBack:
      stderr.trim().slice(0, 1_000) || say('host.silentAbout', { code: exitCode, silent: silent.join(', ') }),
    next: say('next.lookAtProfile', { user }),
  });
}
