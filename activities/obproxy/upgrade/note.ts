import type { Host } from '../../../hosts/types';
import type { SubtaskScope } from '../../types';
import { addToNote, type UpgradeNote, workNote } from '../notes';
import type { ObproxyInstance } from '../proxy';

/** What this upgrade has changed outside of its own folder, for its undos; empty when nothing. */
export async function upgradeNote(
  scope: SubtaskScope,
  host: Host,
  proxy: Pick<ObproxyInstance, 'server'>,
): Promise<UpgradeNote> {
  return (await workNote(scope, host, proxy)).upgrade ?? {};
}

export async function addToUpgradeNote(
  scope: SubtaskScope,
  host: Host,
  proxy: Pick<ObproxyInstance, 'server'>,
  more: UpgradeNote,
): Promise<void> {
  const upgrade = { ...(await upgradeNote(scope, host, proxy)), ...more };
  await addToNote(scope, host, proxy, { upgrade });
}
