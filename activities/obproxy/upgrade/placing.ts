/**
 * The files of an upgrade in the home of a living proxy. All of them are in one folder there, so that a file of the proxy is
 * replaced by a rename: what runs keeps its own file, and at every moment one whole program is in place.
 *
 *     upgrade.obflow-<task>/etc      etc as it was before
 *     upgrade.obflow-<task>/new      files of the package that wait to be put in place
 *     upgrade.obflow-<task>/old      files that they replace, as further names of the very same files
 *     upgrade.obflow-<task>/staged   names of them, one a line, the program last; written when all of them are there
 *     upgrade.obflow-<task>/absent   those of which nothing was there before
 */
import { quote } from '../../../hosts/quote';
import type { Host } from '../../../hosts/types';
import { PermanentError } from '../../../runtime/errors';
import { type Said, say, type Text } from '../../../runtime/messages/catalogue';
import { nvra, partOf, untilDone } from '../../host/rpmCommands';
import { removeBy, taskDir } from '../../places';
import type { SubtaskScope } from '../../types';
import type { Upgrade } from './upgradeOf';
import { isSameHome } from './upgradeOf';

/** Below the home. */
export function upgradeFolder(taskId: number): string {
  return `upgrade.obflow-${taskId}`;
}

/** Where the package lies on the host. */
export function packageFile({ input }: Pick<SubtaskScope, 'input'>, sha256: string): string {
  return `${taskDir(input.taskId)}/${sha256}.rpm`;
}

function enter(home: string, taskId: number): string {
  return `cd ${quote(home)} || exit 1
    f=${upgradeFolder(taskId)}
    exists() { [ -e "$1" ] || [ -L "$1" ]; }`;
}

function failed(host: Host, tried: Text, cameBack: Said): PermanentError {
  return new PermanentError({
    ...{ type: 'UpgradeFilesFailed', code: 'COM10999', tried, where: host.ip },
    ...{ cameBack, next: say('next.repairAndRetry') },
  });
}

interface Step {
  readonly name: string;
  readonly script: string;
  readonly tried: Text;
  done(): Promise<boolean>;
}

/** Runs a script until the look is satisfied. PermanentError UpgradeFilesFailed with what it said. */
async function step(scope: SubtaskScope, host: Host, { name, script, tried, done }: Step): Promise<void> {
  const result = await untilDone(scope, { name, script }, done);
  if (result === undefined || (await done())) return;
  const said = result.output.trim().slice(-1_000) || say('host.exitCode', { code: result.exitCode });
  throw failed(host, tried, said);
}

/** Etc as it is now, once for the task: what the new program writes there can be told from what was. */
export async function keepEtc(scope: SubtaskScope, host: Host, home: string): Promise<void> {
  const { taskId } = scope.input;
  const kept = `${home}/${upgradeFolder(taskId)}/etc`;
  await step(scope, host, {
    name: 'keep-etc',
    tried: say('upgrade.keepEtc', { home }),
    script: `${enter(home, taskId)}
      # What an abandoned upgrade has left: nobody else works on this host now.
      for other in upgrade.obflow-*; do [ "$other" = "$f" ] || rm -rf --one-file-system "$other"; done
      rm -rf "$f/etc.new"
      mkdir -p "$f" && chmod 711 "$f" && cp -a etc "$f/etc.new" && mv "$f/etc.new" "$f/etc"`,
    done: async () => (await host.sh(`[ -d ${quote(kept)} ]`)).exitCode === 0,
  });
  scope.log.info(say('upgrade.etcKept', { path: kept }));
}

/** Where the files of the package are: not there, waiting, in place, or some of them here and some there. */
export type Placement = 'absent' | 'waiting' | 'placed' | 'mixed';

function isPlacement(text: string): text is Placement {
  return ['absent', 'waiting', 'placed', 'mixed'].includes(text);
}

export async function placementOf(host: Host, home: string, taskId: number): Promise<Placement> {
  const { exitCode, stdout, stderr } = await host.sh(`${enter(home, taskId)}
    [ -f "$f/staged" ] || { echo absent; exit 0; }
    found=
    while IFS= read -r p; do
      # An interrupted return has given the new file its second name, and the old one is not back yet.
      if exists "$f/new/$p" && ! [ "$p" -ef "$f/new/$p" ]; then now=waiting; else now=placed; fi
      [ "\${found:-$now}" = "$now" ] && found=$now || found=mixed
    done <"$f/staged"
    echo "$found"`);
  const found = stdout.trim();
  if (exitCode === 0 && isPlacement(found)) return found;
  throw failed(host, say('upgrade.look', { home }), stderr.trim().slice(0, 500));
}

/**
 * Takes the program and its libraries out of the package, without its scripts, beside the live ones. For another release of
 * the same version all files of the package, because rpm will list them as this package's; but for what is the proxy's own.
 */
export async function stage(scope: SubtaskScope, host: Host, upgrade: Upgrade): Promise<void> {
  const { home, target } = upgrade;
  const { taskId } = scope.input;
  const files = isSameHome(upgrade)
    ? `find . \\( -type f -o -type l \\) ! -path ./bin/obproxy ! -path './etc/*' ! -path './log/*' ! -path './.conf/*' | sed 's|^[.]/||'; echo bin/obproxy`
    : 'find lib \\( -type f -o -type l \\) 2>/dev/null; echo bin/obproxy';
  await step(scope, host, {
    name: 'stage',
    tried: say('upgrade.stage', { package: nvra(partOf(target.package)), home }),
    script: `${enter(home, taskId)}
      rm -rf "$f/root" "$f/new"
      mkdir -p "$f/root" "$f/old" "$f/new" && chmod 711 "$f" "$f/new" || exit 1
      said=$(rpm -i --root "$(pwd -P)/$f/root" --noscripts --nodeps --nosignature --ignorearch --ignoreos ${quote(packageFile(scope, target.package.sha256))} 2>&1)
      from=$f/root${quote(target.package.home)}
      [ -f "$from/bin/obproxy" ] || { printf '%s\\n' "$said"; exit 1; }
      owner=$(stat -L -c %u:%g bin/obproxy) || exit 1
      (cd "$from" && { ${files}; }) >"$f/files" || exit 1
      : >"$f/staged.new"
      while IFS= read -r p; do
        [ -n "$p" ] || continue
        if [ -L "$from/$p" ] && exists "$p"; then continue; fi
        d=$(dirname "$p")
        { [ -d "$f/new/$d" ] || { mkdir -p "$f/new/$d" && chmod -R go+rX "$f/new"; }; } &&
          mv "$from/$p" "$f/new/$p" && chown -h "$owner" "$f/new/$p" && printf '%s\\n' "$p" >>"$f/staged.new" || exit 1
      done <"$f/files"
      rm -rf "$f/root" "$f/files" && mv "$f/staged.new" "$f/staged"`,
    done: async () => (await placementOf(host, home, taskId)) !== 'absent',
  });
}

/** Puts the new files in place, the program last. Repeatable. */
export async function place(scope: SubtaskScope, host: Host, { home, target }: Upgrade): Promise<void> {
  const { taskId } = scope.input;
  await step(scope, host, {
    name: 'place',
    tried: say('upgrade.place', { version: target.version, home }),
    script: `${enter(home, taskId)}
      while IFS= read -r p; do
        new=$f/new/$p old=$f/old/$p
        exists "$new" || continue
        if [ "$p" -ef "$new" ]; then rm -f "$new"; continue; fi
        mkdir -p "$(dirname "$old")" || exit 1
        if exists "$p"; then
          [ "$p" -ef "$old" ] || ln -f "$p" "$old" || exit 1
        else
          d=$(dirname "$p")
          [ -d "$d" ] || { mkdir -p "$d" && chown "$(stat -c %u:%g "$new")" "$d"; } || exit 1
          grep -qxF "$p" "$f/absent" 2>/dev/null || printf '%s\\n' "$p" >>"$f/absent" || exit 1
        fi
        mv -f "$new" "$p" || exit 1
      done <"$f/staged"`,
    done: async () => (await placementOf(host, home, taskId)) === 'placed',
  });
  scope.log.info(say('upgrade.placed', { version: target.version, home }));
}

/** Puts the former files back, which are the very same files; nothing when none is in place. Repeatable. */
export async function putBack(
  scope: SubtaskScope,
  host: Host,
  { home, former }: Upgrade,
  name: string,
): Promise<void> {
  const { taskId } = scope.input;
  await step(scope, host, {
    name,
    tried: say('upgrade.putBack', { version: former.proxy.server.version, home }),
    script: `${enter(home, taskId)}
      [ -f "$f/staged" ] || exit 0
      while IFS= read -r p; do
        new=$f/new/$p old=$f/old/$p
        if [ -e "$old" ]; then
          if [ "$p" -ef "$old" ]; then continue; fi
          [ -e "$new" ] || ln "$p" "$new" || exit 1
          ln -f "$old" "$old.back" && mv -f "$old.back" "$p" || exit 1
        elif exists "$p" && grep -qxF "$p" "$f/absent" 2>/dev/null; then
          if exists "$new"; then rm -f "$p"; else mv -f "$p" "$new"; fi || exit 1
          rmdir "$(dirname "$p")" 2>/dev/null
        fi
      done <"$f/staged"
      exit 0`,
    done: async () => ['absent', 'waiting'].includes(await placementOf(host, home, taskId)),
  });
}

/** Removes what waits in the home; what was etc stays for its own undo. PermanentError NotRemoved when it stays. */
export async function unstage(host: Host, home: string, taskId: number): Promise<void> {
  const folder = `${home}/${upgradeFolder(taskId)}`;
  const script = `[ -d ${quote(folder)} ] || exit 0
    cd ${quote(folder)} && exec rm -rf root new old files staged staged.new absent`;
  await removeBy(host, script, folder);
}

/** Removes the whole folder of an upgrade that is over. PermanentError UpgradeFilesFailed when it stays. */
export async function clearUpgrade(host: Host, home: string, taskId: number): Promise<void> {
  const { exitCode, stderr } = await host.sh(`${enter(home, taskId)}
    exec rm -rf --one-file-system "$f"`);
  if (exitCode !== 0) throw failed(host, say('upgrade.clear', { home }), stderr.trim().slice(0, 500));
}
