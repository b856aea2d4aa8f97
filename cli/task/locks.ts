/** What a task keeps others from, and what keeps it from going on. Pure. */
import type { Lock, Task } from './document';

const SHOWN = 10;
const KINDS: Readonly<Record<string, string>> = {
  HOST: 'host',
  OBPROXY_CLUSTER: 'OBProxy cluster',
  OB_CLUSTER: 'OceanBase cluster',
  PACKAGE: 'package',
};
const SERVICES: Readonly<Record<string, string>> = { OB_PROXY: ' (OBProxy)', OB_CLUSTER: ' (OBServer)' };

/** `host 10.0.0.1 (OBProxy)`. */
function nameOfLock({ kind, id, name, service = '' }: Lock): string {
  return `${KINDS[kind] ?? kind} ${name ?? id}${SERVICES[service] ?? ''}`;
}

function holders(ids: readonly number[]): string {
  return `task ${ids.join(', task ')}`;
}

/** What is locked until the task closes; nothing of a closed one. */
export function lockLines({ id, locks, lockCount }: Task): string[] {
  if (lockCount === 0) return [];
  const shown = locks.slice(0, SHOWN);
  const more = lockCount - shown.length;
  return [
    '',
    'Held until it ends',
    ...shown.map(
      (lock) =>
        `  ${nameOfLock(lock)}${lock.heldBy.length === 0 ? '' : `, together with ${holders(lock.heldBy)}`}`,
    ),
    ...(more > 0 ? [`  … ${more} more; obflow task show ${id} -o json has the first 100`] : []),
  ];
}

/** Which task has what this one was refused. */
export function waitLines({ waitsFor }: Task): string[] {
  if (waitsFor === undefined) return [];
  return ['', 'What is in the way', `  ${nameOfLock(waitsFor)} is held by ${holders(waitsFor.heldBy)}`];
}
