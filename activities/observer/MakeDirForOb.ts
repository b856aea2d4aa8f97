import { lookAtPath, lookAtPaths } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { type ObserverLayout, RUN_USER } from '../../oceanbase/observerLayout';
import type { Trouble } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { troubleOn } from '../host/trouble';
import { readJson, writeJson } from '../places';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import {
  type FolderMark,
  MADE_FOLDERS,
  type MadeFolders,
  markFile,
  removeFolders,
  removeLinks,
  removeMadeFolders,
} from './folders';
import { OBSERVER, type ObserverInstance, observerOf, proveOutOfCluster, serverMadeByTask } from './observer';
import { lookForObservers } from './process';

const TRIED = say('observer.makeFolders');

function refuse(host: Host, type: string, cameBack: Trouble['cameBack'], next: Text) {
  return troubleOn(host, TRIED, type, cameBack, next, 'COM10005');
}

/** Whether a folder of the cluster is ours by its mark; a folder without a mark must be absent or empty. */
async function isOurs(host: Host, root: string, serverId: number): Promise<boolean> {
  const mark = await readJson<FolderMark>(host, markFile(root));
  if (mark?.serverId === serverId) return true;
  const { kind, entries } = await lookAtPath(host, root, { entries: 5 });
  if (kind === 'absent' || (kind === 'folder' && entries.length === 0)) return false;
  const files = kind === 'folder' ? entries.join(', ') : say('observer.noFolder');
  throw refuse(
    host,
    'FolderNotEmpty',
    say('observer.folderNotOurs', { root, files }),
    say('next.moveAwayOrOtherHost'),
  );
}

/** Prints what stands in the way of the links, one line each; the store may hold nothing else than they. */
function strangersScript({ store, links }: ObserverLayout): string {
  const checks = links.map(
    ({ path, target }) =>
      `if [ -L ${quote(path)} ]; then [ "$(readlink ${quote(path)})" = ${quote(target)} ] || echo ${quote(path)}; ` +
      `elif [ -e ${quote(path)} ]; then echo ${quote(path)}; fi`,
  );
  const known = links.map(({ path }) => `! -path ${quote(path)}`).join(' ');
  return `${checks.join('\n')}\n[ ! -d ${quote(store)} ] || exec find ${quote(store)} -mindepth 1 -maxdepth 1 ${known}`;
}

function makeScript({ home, store, folders, links }: ObserverLayout): string {
  const words = (paths: readonly string[]) => paths.map(quote).join(' ');
  return `
    set -e
    mkdir -p -- ${words([...folders, store])}
    chown ${RUN_USER}: -- ${words(folders)}
    chmod 755 -- ${words(folders)}
    ${links.map(({ path, target }) => `[ -L ${quote(path)} ] || ln -s ${quote(target)} ${quote(path)}`).join('\n    ')}
    chown -R -h -P ${RUN_USER}: -- ${quote(home)}`;
}

/** Folders that hold something or belong to somebody else; the observer refuses both. */
async function unfit(host: Host, { home, folders }: ObserverLayout): Promise<Text[]> {
  const etc = `${home}/etc`;
  const looks = await lookAtPaths(host, [...folders, etc], { entries: 1 });
  return [...folders, etc].flatMap((path, index) => {
    const { kind = 'absent', owner = '', entries = [] } = looks[index] ?? {};
    if (path === etc && kind === 'absent') return [];
    return [
      ...(path !== etc && entries.length > 0 ? [say('observer.notEmpty', { path })] : []),
      ...(owner === RUN_USER ? [] : [say('observer.notOwned', { path, user: RUN_USER })]),
    ];
  });
}

/** `/a/b` of `/a/b/c`, then `/a`. */
function above(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`).reverse();
}

/** What will be made above the roots is noted, so that undo takes it away again. */
async function noteMissing(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const { layout, server } = observer;
  const known = await readJson<MadeFolders>(host, MADE_FOLDERS);
  if (known?.serverId === server.id && known.taskId === scope.input.taskId) return;
  const candidates = [...new Set(layout.roots.flatMap(above))];
  const looks = await lookAtPaths(host, candidates);
  const missing = candidates.filter((_, index) => looks[index]?.kind === 'absent');
  const made: MadeFolders = {
    serverId: server.id,
    taskId: scope.input.taskId,
    above: missing.sort((left, right) => left.length - right.length),
  };
  await writeJson(host, MADE_FOLDERS, made);
}

async function make(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const { layout, server } = observer;
  await noteMissing(scope, host, observer);
  for (const root of layout.roots) {
    if (await isOurs(host, root, server.id)) continue;
    // The root of a disk may be missing; the cluster's folder below it is made, marked, then given away.
    await host.sh(`mkdir -p -- ${quote(root)} && chown ${RUN_USER}: -- ${quote(root)}`);
    await writeJson(host, markFile(root), {
      serverId: server.id,
      taskId: scope.input.taskId,
    } satisfies FolderMark);
  }
  const { stdout: strangers, exitCode, stderr } = await host.sh(strangersScript(layout));
  if (exitCode !== 0) {
    const said = stderr.trim().slice(0, 500) || say('host.exitCode', { code: exitCode });
    const next = say('next.letRootLook', { path: layout.store });
    throw troubleOn(host, TRIED, 'PathUnreadable', said, next, 'CMP07050');
  }
  if (strangers.trim() !== '') {
    const text = say('observer.strangers', {
      files: strangers.trim().replaceAll('\n', ', '),
      store: layout.store,
    });
    throw refuse(host, 'FolderNotEmpty', text, say('next.moveItAway'));
  }
  const made = await host.sh(makeScript(layout));
  if (made.exitCode !== 0) {
    const next = say('next.repairAndRetry');
    throw troubleOn(host, TRIED, 'FoldersFailed', made.stderr.trim().slice(0, 500), next, 'CMP07050');
  }
}

/** "Make dir for ob": folders on the data and the log disk, links to them in the store, all of the run user. */
export const MakeDirForOb = subtask({
  name: 'Make dir for ob',
  className: 'server.MakeDirForObTask',
  timeout: 300,
  needs: OBSERVER,
  leaves: 'directories of the server',

  async run(scope) {
    const observer = await observerOf(scope);
    const { layout } = observer;
    const host = await scope.host();
    await make(scope, host, observer);
    const faults = await unfit(host, layout);
    const lives = (await lookForObservers(host, layout.home)).own.length > 0;
    if (faults.length > 0 && !lives) {
      throw refuse(host, 'FolderNotEmpty', faults, say('next.emptyFolders'));
    }
    for (const folder of layout.folders) scope.log.info(folder);
    scope.log.info(say('observer.links', { store: layout.store, user: RUN_USER }));
    return undefined;
  },

  async rollback(scope) {
    if ((await serverMadeByTask(scope)) === undefined) {
      scope.log.info(say('observer.noneOfTask'));
      return;
    }
    const { layout, server } = await proveOutOfCluster(scope, say('observer.removeFolders'));
    const host = await scope.host();
    if ((await lookForObservers(host, layout.home)).own.length > 0) {
      const next = say('next.undoStartFirst');
      throw troubleOn(
        host,
        say('observer.removeFolders'),
        'ObserverLives',
        say('observer.worksIn', { home: layout.home }),
        next,
      );
    }
    const isOurs = (mark: Partial<FolderMark> | undefined) => mark?.taskId === scope.input.taskId;
    const ours = await removeFolders(
      scope,
      host,
      layout,
      (mark) => mark?.serverId === server.id && isOurs(mark),
    );
    await removeMadeFolders(host, isOurs);
    if (ours === 0) {
      scope.log.info(say('observer.noMark'));
      return;
    }
    await removeLinks(host, layout);
  },
});
