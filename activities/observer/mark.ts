/** What obflow knows on the host about the observer it makes there; decides what is ours. */
import type { Host } from '../../hosts/types';
import { readJson, writeJson } from '../places';
import type { ObserverInstance } from './observer';

export const OBSERVER_DIR = '/var/lib/obflow/observer';
/** In that folder; of "Make dir for ob", which is undone after the start. */
export const FOLDERS_FILE = 'folders.json';
const MARK = `${OBSERVER_DIR}/server.json`;

/** `preparing` until the first start was proved; `restarting` holds the process that is to go. */
export interface ObserverMark {
  readonly serverId: number;
  readonly taskId: number;
  readonly home: string;
  readonly state: 'preparing' | 'running';
  readonly restart?: RestartMark;
}

/** The process before the restart, and since when it served, as the cluster wrote it. */
export interface RestartMark {
  readonly pid: number;
  readonly startTicks: string;
  readonly servingSince: string | null;
  /** Whether the cluster is told STOP SERVER before, and owed START SERVER after. */
  readonly planned?: boolean;
}

export function readObserverMark(host: Host): Promise<Partial<ObserverMark> | undefined> {
  return readJson<ObserverMark>(host, MARK);
}

export async function writeObserverMark(
  host: Host,
  observer: ObserverInstance,
  taskId: number,
  rest: Pick<ObserverMark, 'state' | 'restart'>,
): Promise<void> {
  const mark: ObserverMark = { serverId: observer.server.id, taskId, home: observer.part.home, ...rest };
  await writeJson(host, MARK, mark);
}

/** Shell commands that forget the observer, but not what the steps before its start noted. */
export const FORGET_OBSERVER = `cd ${OBSERVER_DIR} && find . -mindepth 1 ! -name package.json ! -name ${FOLDERS_FILE} -delete || exit 1
rmdir ${OBSERVER_DIR} 2>/dev/null
exit 0`;
