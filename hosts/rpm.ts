import { PermanentError } from '../runtime/errors';
import type { Connection } from './connection';
import { quote } from './quote';
import { refuseKilled, runScript } from './script';
import type { RpmPackage } from './types';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/**
 * Installed packages of exactly this name. rpm says "is not installed" on stdout with exit code 1, and warns on
 * stderr about anything, so stderr decides nothing. PermanentError RpmMissing (CMP07036) or RpmQueryFailed,
 * TransientError CommandKilled.
 */
export async function rpmQuery(connection: Connection, name: string): Promise<RpmPackage[]> {
  if (!NAME.test(name)) throw new RangeError(`Not a package name: ${JSON.stringify(name)}`);
  const format = quote('%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n');
  const result = await runScript(connection, `rpm -q --queryformat ${format} -- ${quote(name)}`);
  const said = result.stdout.toString();
  if (result.exitCode === 1 && said.trim() === `package ${name} is not installed`) return [];
  if (result.exitCode === 0) {
    return said.split('\n').flatMap((line) => {
      const [found, version, release, arch] = line.split('\t');
      if (found !== name || version === undefined || release === undefined || arch === undefined) return [];
      return [{ name, version, release, arch }]; // `rpm -q` also takes name-version for a name
    });
  }
  refuseKilled(connection.address.ip, `ask rpm for the package ${name}`, result);
  const missing = result.exitCode === 127;
  throw new PermanentError({
    type: missing ? 'RpmMissing' : 'RpmQueryFailed',
    ...(missing ? { code: 'CMP07036' } : {}),
    tried: `ask rpm for the package ${name}`,
    where: connection.address.ip,
    cameBack: `${said}\n${result.stderr}`.trim().slice(0, 500) || `exit code ${result.exitCode}`,
    next: missing
      ? 'Install rpm on the host, then retry.'
      : 'Repair the rpm database of the host, then retry.',
  });
}
