/** What must be so before a proxy is asked to hand over to a new process: its program, its own word, and who keeps it. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { canHandOver, isReady } from '../../oceanbase/handOver';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { compareVersions } from '../../oceanbase/versions';
import { TransientError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { troublesOf } from '../host/trouble';
import type { HotProxy } from './hotProxy';
import { findKeepers, keeperText, keptText } from './keepers';
import { lookForProxies, processText } from './process';
import type { ObproxyInstance } from './proxy';

const trouble = troublesOf(say('hot.restart'));

/**
 * The program of the home runs as a hot restart will run it: as the proxy's user, in the home, with an empty environment,
 * which finds a library that is missing without the LD_LIBRARY_PATH of a start. Its `-V` writes nothing. Resolves to
 * `4.3.1.0-4.el8`.
 *
 * @param version dotted, with or without `-release`: what the program must say of itself
 * @param at where the program is below the home, and, of one that is started anew, the folder of its libraries
 * @throws PermanentError ProgramMissing, ProgramDoesNotRun, ObproxyVersionDiffers
 */
export async function proveProgram(
  { host, home, user }: Pick<HotProxy, 'host' | 'home' | 'user'>,
  version: string,
  { path = 'bin/obproxy', libraries }: { readonly path?: string; readonly libraries?: string } = {},
): Promise<string> {
  const program = `${home}/${path}`;
  const { exitCode, stdout } = await host.sh(
    `cd ${quote(home)} 2>/dev/null || exit 61
     [ -x ${quote(path)} ] && [ -f ${quote(path)} ] || exit 62
     env -i ${libraries === undefined ? '' : `"LD_LIBRARY_PATH=$(pwd)/"${quote(libraries)}`} ./${quote(path)} -V 2>&1`,
    { user },
  );
  if (exitCode === 61 || exitCode === 62) {
    const missing = exitCode === 61 ? say('hot.folder', { path: home }) : program;
    throw trouble(host, 'ProgramMissing', say('hot.cannotUse', { user, missing }), say('next.putProgram'));
  }
  const [, found, release] = /OceanBase\s+v?(\d+(?:\.\d+)+)(?:[\s-]+([A-Za-z0-9._]+))?/.exec(stdout) ?? [];
  if (exitCode !== 0 || found === undefined) {
    const said = stdout.trim().slice(0, 500) || say('process.saysNothing');
    throw trouble(
      host,
      'ProgramDoesNotRun',
      say('hot.programSays', { program, user, said, code: exitCode }),
      say('next.repairProgram'),
    );
  }
  const full = release === undefined ? found : `${found}-${release}`;
  if (compareVersions(full, version) !== 0) {
    const text = say('hot.otherVersion', { program, found: full, version });
    throw trouble(host, 'ObproxyVersionDiffers', text, say('next.putWantedProgram'), 'ODP21016');
  }
  return full;
}

/**
 * The proxy would take the command now: its version can, and no other hot restart is under way.
 *
 * @throws PermanentError ObproxyTooOld (ODP21018); TransientError HotRestartUnderWay
 */
export async function proveReady(host: Host, version: string, admin: ObproxyAdmin): Promise<void> {
  if (!canHandOver(version)) {
    throw trouble(
      host,
      'ObproxyTooOld',
      say('hot.tooOld', { version }),
      say('next.coldOrReplace'),
      'ODP21018',
    );
  }
  const info = await admin.upgradeInfo();
  if (isReady(info)) return;
  throw new TransientError({
    type: 'HotRestartUnderWay',
    tried: say('hot.restart'),
    where: host.ip,
    cameBack: say(info.accepts ? 'hot.underWay' : 'hot.underWayClosed', { state: info.state }),
    next: say('next.hotAgainSoon'),
  });
}

/**
 * Nobody takes the end of the former process for a crash: a unit of systemd, or a supervisor that has it as a child; one without
 * a handler for SIGUSR2 dies of the last word of the former process (OBProxy 4.3.1, observed). Resolves to who keeps it.
 *
 * @throws PermanentError HotRestartSupervised (ODP21107), ProcessNotFound (ODP21017)
 */
export async function proveUnkept(host: Host, proxy: ObproxyInstance, home: string): Promise<Text> {
  const look = await lookForProxies(host, home);
  const supervised = (who: Said) =>
    trouble(
      host,
      'HotRestartSupervised',
      say('hot.supervised', { who }),
      say('next.coldOrSupervisor'),
      'ODP21107',
    );
  if (look.own.length === 0) {
    const text = say('hot.noneInHome', { home: look.home });
    throw trouble(host, 'ProcessNotFound', text, say('next.startInstead'), 'ODP21017');
  }
  for (const process of look.own) {
    const parent = look.all.find(({ pid }) => pid === process.ppid);
    // A proxy that still leaves after a hot restart is the parent of the one that serves.
    if (process.ppid <= 1 || parent === undefined || look.own.includes(parent)) continue;
    throw supervised(say('hot.parentOf', { parent: processText(parent), child: processText(process) }));
  }
  const keepers = await findKeepers(host, proxy, look);
  const unit = keepers.find(({ kind }) => kind === 'systemd');
  if (unit !== undefined) throw supervised(keeperText(unit));
  return keptText(keepers);
}
