import { asFindings } from '../activities/obproxy/takeOver/inspect';
import type { Finding } from '../oceanbase/obproxyRunning';
import { say } from '../runtime/messages/catalogue';
import type { HostFinding } from './types';

/** What `look` finds on a host, as a dry run answers it; trouble on the way is a finding, too. */
export async function findingsOn(
  hostId: number,
  look: () => Promise<readonly Finding[]>,
): Promise<HostFinding[]> {
  return (await asFindings(look)).map(({ level, code, text, next }) => ({
    hostId,
    level,
    ...(code === undefined ? {} : { code }),
    message: next === undefined ? text : say('text.withNext', { text, next }),
  }));
}
