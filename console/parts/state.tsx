import type { BasicTaskInstance, ObservedDocument } from '../data/types';
import type { SubtaskKind, TaskKind } from '../model/kind';
import { kindOfTask } from '../model/kind';
import { useWords } from '../words';
import { Icon, type IconName } from './icon';
import { TimeText } from './time';

/** The colours that things of a state have; style/base.css has one for each. */
export type Tone = 'good' | 'bad' | 'busy' | 'odd' | 'still';

const SUBTASK_LOOKS: Readonly<Record<SubtaskKind, readonly [Tone, IconName]>> = {
  pending: ['still', 'pending'],
  ready: ['still', 'ready'],
  running: ['busy', 'running'],
  undoing: ['odd', 'running'],
  canceling: ['odd', 'running'],
  failed: ['bad', 'failed'],
  done: ['good', 'done'],
  skipped: ['odd', 'skipped'],
  undone: ['odd', 'undone'],
};
const TASK_LOOKS: Readonly<Record<TaskKind, readonly [Tone, IconName]>> = {
  running: ['busy', 'running'],
  failing: ['bad', 'running'],
  undoing: ['odd', 'running'],
  waiting: ['bad', 'waiting'],
  undoWaiting: ['bad', 'waiting'],
  done: ['good', 'done'],
  rolledBack: ['odd', 'undone'],
  abandoned: ['still', 'failed'],
};

export function toneOf(kind: SubtaskKind): Tone {
  return SUBTASK_LOOKS[kind][0];
}

export function SubtaskIcon({ kind }: { kind: SubtaskKind }) {
  const [tone, icon] = SUBTASK_LOOKS[kind];
  return (
    <span className={`mark tone-${tone}`}>
      <Icon name={icon} turning={icon === 'running'} />
    </span>
  );
}

export function SubtaskState({ kind }: { kind: SubtaskKind }) {
  const say = useWords();
  const [tone] = SUBTASK_LOOKS[kind];
  return (
    <span className={`state tone-${tone}`}>
      <SubtaskIcon kind={kind} />
      {say(`subtask.kind.${kind}`)}
    </span>
  );
}

type StateOf = Pick<BasicTaskInstance, 'status' | 'operation' | 'closed'> & {
  readonly subtasks: readonly { readonly status: string }[];
};

/** Colour, icon and word of a task's state. */
export function TaskState({ task, large = false }: { task: StateOf; large?: boolean }) {
  const say = useWords();
  const kind = kindOfTask(task);
  const [tone, icon] = TASK_LOOKS[kind];
  return (
    <span className={`state pill tone-${tone}${large ? ' large' : ''}`} data-kind={kind}>
      <Icon name={icon} turning={icon === 'running'} />
      {say(`task.kind.${kind}`)}
    </span>
  );
}

/** A recorded status of an object, as the API names it. */
export function StatusWord({ status }: { status: string }) {
  const tone: Tone = /^(RUNNING|ACTIVE|ONLINE|AVAILABLE|NORMAL)$/.test(status)
    ? 'good'
    : /(FAILED|UNAVAILABLE|OFFLINE|ABNORMAL)/.test(status)
      ? 'bad'
      : /ING$/.test(status)
        ? 'busy'
        : 'still';
  return <span className={`state pill tone-${tone}`}>{status}</span>;
}

const SEEN_TONES: Readonly<Record<ObservedDocument['state'], Tone>> = {
  ALIVE: 'good',
  SILENT: 'bad',
  GONE: 'bad',
  UNKNOWN: 'odd',
};

/** What the last look saw, with why and when. */
export function Seen({ observed }: { observed: ObservedDocument | undefined }) {
  const say = useWords();
  if (observed === undefined) return <span className="quiet">{say('observed.never')}</span>;
  const { state, reason, by, lookTime } = observed;
  return (
    <span className="seen">
      <span className={`dot tone-${SEEN_TONES[state]}`} aria-hidden="true" />
      <span>
        {say(`observed.${state}`)}
        {by === undefined ? '' : ` · ${by}`}
        <span className="quiet">
          {' · '}
          <TimeText time={lookTime} ago />
        </span>
        {reason === undefined ? null : <span className="reason-line">{reason}</span>}
      </span>
    </span>
  );
}
