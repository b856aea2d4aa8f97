import { quote } from '../../hosts/quote';
import { PermanentError } from '../../runtime/errors';
import type { SubtaskScope } from '../types';
import { type ObproxyInstance, packageOf } from './proxy';

/** A row and the journal of the change need a few pages; the proxy's log wants to go on, too. */
const NEEDED_KIB = 1024;

/**
 * Proves that the proxy can store a row of proxy_config, before a password is in one: a statement that fails stands in
 * log/obproxy.log with its plain text (OBProxy 4.3.1, observed), and a full disk is what makes it fail. Throws
 * PermanentError when the folder of the configuration is missing, read-only or full.
 */
export async function proveStorable(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const host = await scope.host();
  const home = proxy.server.adopted?.home ?? (await packageOf(scope, proxy)).home;
  const folder = `${home}/etc`;
  const { stdout, stderr } = await host.sh(
    `cd ${quote(folder)} || exit; [ -w . ] || echo 'it is read-only' >&2; df -Pk . | awk 'NR == 2 { print $4 }'`,
  );
  const refuse = (type: string, cameBack: string, next: string) =>
    new PermanentError({
      type,
      code: 'CMP07050',
      tried: 'prove that OBProxy can store a password, before it is sent',
      where: `${host.ip}:${folder}`,
      cameBack,
      next,
    });
  const free = stdout.trim();
  if (!/^\d+$/.test(free) || stderr.trim() !== '') {
    const cameBack = stderr.trim() || 'df gave no number';
    throw refuse('ConfigurationUnstorable', cameBack, 'Repair the folder and retry.');
  }
  if (Number(free) < NEEDED_KIB) {
    const cameBack = `${free} KiB are free, ${NEEDED_KIB} KiB are needed`;
    throw refuse('DiskSpace', cameBack, 'Free some space and retry.');
  }
}
