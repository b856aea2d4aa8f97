/**
 * A password in OBProxy's table proxy_config. A statement on it that fails stands in log/obproxy.log with its plain text
 * (OBProxy 4.3.1, observed), and a full disk is what makes it fail.
 */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { quotedValue } from '../../oceanbase/parameters';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';
import { homeOf, type ObproxyInstance } from './proxy';

/** A row and the journal of the change need a few pages; the proxy's log wants to go on, too. */
const NEEDED_KIB = 1024;

/**
 * Overwrites the password in the proxy's log with asterisks, in place: the proxy goes on writing to the file, and the disk
 * may be full. `printf` is the shell's own, so the password stands in no argument.
 */
function maskScript(home: string, password: string): string {
  const written = quotedValue(password);
  return `
    log=${quote(`${home}/log/obproxy.log`)}
    printf %s ${quote(written)} | LC_ALL=C grep -obaF -f - "$log" 2>/dev/null | cut -d: -f1 | while read -r at; do
      head -c ${Buffer.byteLength(written)} /dev/zero | tr '\\0' '*' |
        dd of="$log" bs=1 seek="$at" conv=notrunc 2>/dev/null && echo masked
    done`;
}

function looksScript(folder: string): string {
  return `
    cd ${quote(folder)} || exit
    [ -w . ] || { echo 'it is read-only' >&2; exit; }
    df -Pk . | awk 'NR == 2 { print $4 }'`;
}

/** Throws PermanentError when the folder of the configuration is missing, read-only or full. */
async function proveStorable(host: Host, home: string): Promise<void> {
  const folder = `${home}/etc`;
  const { stdout, stderr } = await host.sh(looksScript(folder));
  const refuse = (type: string, cameBack: Said, next: Text) =>
    new PermanentError({
      type,
      code: 'CMP07050',
      tried: say('obproxy.provePassword'),
      where: `${host.ip}:${folder}`,
      cameBack,
      next,
    });
  const free = stdout.trim();
  if (!/^\d+$/.test(free)) {
    const cameBack = stderr.trim() || say('host.dfSilent');
    throw refuse('ConfigurationUnstorable', cameBack, say('next.repairFolder'));
  }
  if (Number(free) < NEEDED_KIB) {
    const cameBack = say('host.tooFewKib', { free, needed: NEEDED_KIB });
    throw refuse('DiskSpace', cameBack, say('next.freeSpace'));
  }
}

/** What is needed to store a password: a subtask has it, and the API. */
export type PasswordScope = Pick<SubtaskScope, 'store' | 'log' | 'host'>;

/**
 * Stores the password of one OceanBase cluster, in clear (the proxy hashes it), and reads it back by its hash. When
 * the proxy refuses it, the password is taken out of its log, as far as the host can be reached. From OBProxy 4.0 on.
 * @throws PermanentError before anything is sent when the proxy could not store it, and what the proxy answers.
 */
export async function storeClusterPassword(
  scope: PasswordScope,
  proxy: ObproxyInstance,
  admin: ObproxyAdmin,
  { cluster, slot, password }: { cluster: string; slot: string; password: string },
): Promise<void> {
  const host = await scope.host();
  const home = await homeOf(scope, proxy);
  await proveStorable(host, home);
  try {
    await admin.replaceClusterValue(cluster, slot, password);
  } catch (error) {
    const file = `${home}/log/obproxy.log`;
    try {
      const { stdout } = await host.sh(maskScript(home, password));
      if (stdout !== '') scope.log.warn(say('obproxy.passwordMasked', { file }));
    } catch (unmasked) {
      scope.log.warn(say('obproxy.passwordMayStand', { file, said: String(unmasked) }));
    }
    throw error;
  }
}
