/**
 * OBProxy's offline command: proxy_status() tells load balancers that ask for it to send nothing more, while the proxy
 * goes on taking logins (OBProxy 4.3.1, observed). Commands 3 (offline) and 4 (online) exist from 4.3 on.
 */

import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';
import { addToNote, workNote } from './notes';
import { administer, type ObproxyInstance } from './proxy';

const OFFLINE = 3;
const ONLINE = 4;
/** The subtask has 300 s, and a crashed attempt is repeated in them. */
const LONGEST_MS = 240_000;
/** proxy_hot_upgrade_check_interval is 5 s unless somebody changes it; a command is taken up within it. */
const TAKEN_UP_MS = 15_000;

/**
 * A proxy that lets nobody in is no reason to fail: it serves nobody whom this could help. Of one whose host does not answer that
 * is not known (TransientError, and the subtask is tried again), and what was lost may have been the way to it: it is asked
 * once more when the host has answered.
 */
async function tolerant<T>(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  otherwise: T,
  work: () => Promise<T>,
): Promise<T> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await work();
    } catch (error) {
      scope.signal.throwIfAborted();
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      if (error instanceof TransientError) {
        await (await scope.hostById(proxy.server.hostId)).processes();
        if (asked === 1) continue;
      }
      scope.log.warn(say('offline.untold', { ip: proxy.server.ip, reason: error.said }));
      return otherwise;
    }
  }
}

/** A proxy that has been told, and until when it is waited for. */
export interface Prevented {
  readonly proxy: ObproxyInstance;
  readonly until: number;
}

/**
 * Tells the proxy to take no new work; undefined when it cannot be told. Repeatable. What is noted on the host is the host's affair:
 * one that cannot be written to is an error, not a proxy that lets nobody in.
 */
export async function sayOffline(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
): Promise<Prevented | undefined> {
  const host = await scope.hostById(proxy.server.hostId);
  const { prevented = Date.now() } = await workNote(scope, host, proxy);
  await addToNote(scope, host, proxy, { prevented });
  return tolerant(scope, proxy, undefined, async () => {
    const admin = await administer(scope, proxy);
    try {
      if ((await admin.highestLocalCommand()) < OFFLINE) {
        scope.log.info(say('offline.unknown', { ip: proxy.server.ip, version: proxy.version }));
        return undefined;
      }
      const shown = await admin.showConfig('hot_upgrade_exit_timeout');
      const wait = Number(shown?.value ?? 0) / 1_000;
      if ((await admin.status()) !== 'INACTIVE') await admin.localCommand(OFFLINE);
      scope.log.info(say('offline.told', { ip: proxy.server.ip }));
      const longest = wait < 0 ? LONGEST_MS : Math.min(wait, LONGEST_MS);
      return { proxy, until: prevented + longest };
    } finally {
      admin.close();
    }
  });
}

/** Whether load balancers and clients have left the proxy, or it has been waited long enough. */
export function hasEmptied(scope: SubtaskScope, { proxy, until }: Prevented): Promise<boolean> {
  return tolerant(scope, proxy, true, async () => {
    const admin = await administer(scope, proxy);
    try {
      const status = await admin.status();
      if (status === 'INACTIVE') {
        scope.log.info(say('offline.emptied', { ip: proxy.server.ip, status }));
        return true;
      }
      if (Date.now() < until) return false;
      scope.log.warn(
        say('offline.over', {
          ip: proxy.server.ip,
          status: status ?? '?',
          count: await admin.clientSessions(),
        }),
      );
      return true;
    } finally {
      admin.close();
    }
  });
}

/** The undo: the proxy takes new work again. False when it does not say so in time. */
export function sayOnline(scope: SubtaskScope, proxy: ObproxyInstance): Promise<boolean> {
  return tolerant(scope, proxy, false, async () => {
    const admin = await administer(scope, proxy);
    try {
      const deadline = Date.now() + TAKEN_UP_MS;
      for (let asked = false; ; asked = true) {
        const status = await admin.status();
        if (status === undefined || status === 'ACTIVE') return true;
        if ((await admin.highestLocalCommand()) < ONLINE) return true;
        if (!asked) await admin.localCommand(ONLINE);
        if (Date.now() > deadline) return false;
        await scope.pause(500);
      }
    } finally {
      admin.close();
    }
  });
}
