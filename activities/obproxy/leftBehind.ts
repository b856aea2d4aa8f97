/** What of an OBProxy is on its host, for a person who clears it away: nothing here changes a host. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import type { AdoptedObproxy } from '../../store/types';
import { KEEPER_DIR } from '../places';
import { KEEPER_FILE, KEEPER_STATE, KEEPER_UNIT, KEEPER_UNIT_FILE } from './keeper';

export interface KnownObproxy {
  /** Undefined when neither a package nor a take-over tells. */
  readonly home: string | undefined;
  readonly adopted: AdoptedObproxy | null;
  /** Name of its package; undefined when it is not known. */
  readonly packageName: string | undefined;
}

/** A line each: what is there, and the command that clears it away or out of the way of another OBProxy. */
export async function leftOnHost(
  host: Host,
  { home, adopted, packageName }: KnownObproxy,
): Promise<string[]> {
  const folder = home === undefined ? '' : quote(home);
  const { stdout } = await host.sh(`
    ${KEEPER_STATE.replace('echo running', 'echo keeper-runs')}
    [ ! -e ${KEEPER_FILE} ] || echo keeper
    [ ! -e ${KEEPER_UNIT_FILE} ] || echo unit
    [ ! -d ${KEEPER_DIR} ] || echo notes
    ${folder === '' ? '' : `[ ! -d ${folder} ] || echo home`}
    ${folder === '' ? '' : `[ ! -d ${folder}/etc ] || [ -z "$(ls -A ${folder}/etc)" ] || echo etc`}`);
  const found = new Set(stdout.split('\n'));
  const lines: string[] = [];
  if (found.has('keeper')) {
    const runs = found.has('keeper-runs') ? 'runs and starts the proxy again' : 'does not run';
    const stop = found.has('unit')
      ? `systemctl disable --now ${KEEPER_UNIT}`
      : `kill "$(cat ${KEEPER_DIR}/keeper.pid)"`;
    lines.push(`the keeper ${KEEPER_FILE}, which ${runs}: ${stop}`);
  }
  if (adopted !== null && adopted.keeper !== 'none' && adopted.keeper !== 'obflow') {
    lines.push(`its own keeper, as it was before the take-over: ${adopted.keeper} (${adopted.keeperDetail})`);
  }
  if (found.has('etc')) {
    lines.push(
      `the configuration ${home}/etc, passwords in it, which keeps another OBProxy from being added there: mv ${home}/etc ${home}/etc.forgotten`,
    );
  }
  if (found.has('home')) lines.push(`programs and logs in ${home}`);
  const packages = packageName === undefined ? [] : await host.rpmQuery(packageName);
  for (const { name, version, release, arch } of packages) {
    lines.push(
      `the package ${name}-${version}-${release}.${arch}, which the next OBProxy uses: rpm -e ${name}`,
    );
  }
  if (found.has('notes')) lines.push(`obflow's notes in ${KEEPER_DIR}: rm -r ${KEEPER_DIR}`);
  return lines;
}

/** The same of a host that could not be looked at, as the inventory has it. */
export function leftAsRecorded({ home, adopted, packageName }: KnownObproxy, why: string): string[] {
  return [
    `nobody could look at the host (${why}). When it comes back its keeper may start the proxy again; as recorded it has:`,
    ...(home === undefined ? [] : [`programs, logs and configuration in ${home}`]),
    ...(packageName === undefined ? [] : [`the package ${packageName}`]),
    ...(adopted === null || adopted.keeper === 'obflow'
      ? [`the keeper ${KEEPER_FILE} and obflow's notes in ${KEEPER_DIR}`]
      : [`its keeper: ${adopted.keeper} (${adopted.keeperDetail})`]),
  ];
}
