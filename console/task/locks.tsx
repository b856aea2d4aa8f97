import { Link } from 'wouter';
import type { LockDocument, WrappedTaskInstance } from '../data/types';
import { useWords } from '../words';

/** So many stand in the head; the rest is folded away. */
const SHOWN = 4;
const SERVICES: Readonly<Record<string, string>> = { OB_PROXY: 'OBProxy', OB_CLUSTER: 'OBServer' };

/** What an open task keeps others from. */
export function Locks({ task }: { task: WrappedTaskInstance }) {
  const say = useWords();
  const { locks = [], lockCount = 0 } = task;
  if (lockCount === 0) return null;
  const [first, rest] = [locks.slice(0, SHOWN), locks.slice(SHOWN)];
  return (
    <section className="line locks" aria-label={say('task.locks')}>
      <span className="quiet">{say('task.locks')}</span>
      {first.map((lock) => (
        <Lock key={lock.resource} lock={lock} before={say('task.lockWith')} />
      ))}
      {rest.length === 0 ? null : (
        <details>
          <summary>{say('task.locksMore', { n: lockCount - first.length })}</summary>
          <div className="line">
            {rest.map((lock) => (
              <Lock key={lock.resource} lock={lock} before={say('task.lockWith')} />
            ))}
          </div>
        </details>
      )}
    </section>
  );
}

/** What the task was refused, and the way to the task that has it. */
export function InTheWay({ lock }: { lock: LockDocument }) {
  const say = useWords();
  return (
    <p className="line">
      <strong>{say('task.waitsFor')}</strong> <Lock lock={lock} before={say('task.heldBy')} />
    </p>
  );
}

/** @param before stands before the tasks that hold it */
function Lock({ lock, before }: { lock: LockDocument; before: string }) {
  const say = useWords();
  const { kind, name, id, service = '', heldBy = [] } = lock;
  return (
    <span className="chip" data-lock={lock.resource}>
      {say(`task.lock.${kind}`)} <Link href={placeOf(lock)}>{name ?? id}</Link>
      {SERVICES[service] === undefined ? '' : ` · ${SERVICES[service]}`}
      {heldBy.length === 0 ? null : ` · ${before} `}
      {heldBy.map((task) => (
        <Link key={task} href={`/tasks/${task}`}>
          {say('task.id', { id: task })}{' '}
        </Link>
      ))}
    </span>
  );
}

function placeOf({ kind, id, name }: LockDocument): string {
  if (kind === 'OBPROXY_CLUSTER') return `/obproxy/${id}`;
  if (kind === 'OB_CLUSTER') return `/oceanbase/${id}`;
  if (kind === 'PACKAGE') return '/packages';
  return `/hosts${name === undefined ? '' : `?keyword=${encodeURIComponent(name)}`}`;
}
