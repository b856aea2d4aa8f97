/** What a dry run sees on hosts that a task is to install something on: what the task would need there, tried. */

import type { ContactFinding, ContactNeeds } from '../hosts/firstContact';
import { unlessAborted, withDeadline } from '../runtime/deadline';
import { PermanentError, TransientError } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import type { HostFinding, InspectScope } from './types';

/** So many hosts are looked at side by side, each for so long, and all of them for so long. */
const TOGETHER = 20;
const HOST_MS = 30_000;
const ALL_MS = 60_000;

/**
 * Logs in to every host and tries what a task needs (hosts/firstContact.ts). One finding for each shortcoming, or one that
 * says that there is none. Changes nothing; a host that could not be looked at is a finding, too.
 *
 * @param weighed the level that a finding has for this task, where it is another one
 */
export function firstContactFindings(
  scope: InspectScope,
  hostIds: readonly number[],
  needs: ContactNeeds,
  weighed: (finding: ContactFinding) => ContactFinding['level'] = ({ level }) => level,
): Promise<HostFinding[]> {
  return withDeadline(ALL_MS, undefined, async (all) => {
    const found = await someAtATime(hostIds, TOGETHER, (hostId) =>
      lookAt(scope, hostId, needs, weighed, all),
    );
    return found.flat();
  });
}

/** The same for hosts that are to have an OBProxy, which runs with any clock. */
export function obproxyHostFindings(
  scope: InspectScope,
  hostIds: readonly number[],
  { home, runUser }: { readonly home: string; readonly runUser: string },
): Promise<HostFinding[]> {
  return firstContactFindings(scope, hostIds, { programs: [home], user: runUser }, ({ level, check }) =>
    level === 'ERROR' && check === 'clock' ? 'WARN' : level,
  );
}

async function lookAt(
  scope: InspectScope,
  hostId: number,
  needs: ContactNeeds,
  weighed: (finding: ContactFinding) => ContactFinding['level'],
  all: AbortSignal,
): Promise<HostFinding[]> {
  const notLooked = (why: Said): HostFinding[] => [
    { hostId, level: 'WARN', message: say('contact.notTried', { why }) },
  ];
  if (all.aborted) return notLooked(say('contact.noTimeLeft', { seconds: ALL_MS / 1000 }));
  return withDeadline(HOST_MS, all, async (signal) => {
    try {
      const look = async () => (await scope.openHost(hostId)).firstContact(needs);
      const short = (await unlessAborted(look(), signal)).flatMap((finding): HostFinding[] => {
        const level = weighed(finding);
        const message =
          finding.next === ''
            ? finding.text
            : say('text.withNext', { text: finding.text, next: finding.next });
        return level === 'INFO' ? [] : [{ hostId, level, message }];
      });
      const fine = say('contact.fine');
      return short.length > 0 ? short : [{ hostId, level: 'INFO', message: fine }];
    } catch (error) {
      if (signal.aborted) return notLooked(say('contact.noEnd', { seconds: HOST_MS / 1000 }));
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      const code = error.code === undefined ? {} : { code: error.code };
      return [{ hostId, level: 'ERROR', ...code, message: error.said }];
    }
  });
}
