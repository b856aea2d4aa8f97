import { useEffect, useRef } from 'react';
import { Link } from 'wouter';
import type { SubtaskInstance } from '../data/types';
import type { GraphNode } from '../model/fold';
import { kindOfSubtask } from '../model/kind';
import { Act } from '../parts/basics';
import { Icon } from '../parts/icon';
import { SubtaskIcon, SubtaskState } from '../parts/state';
import { TimeText, Took } from '../parts/time';
import { useWords } from '../words';
import { WayButton } from './commandDialog';
import type { OpenLog } from './taskPage';
import { waysOfSubtask } from './waysOut';

/** What is known of the chosen step: of one subtask everything, of a folded one its subtasks. */
export function StepPanel({
  step,
  openLog,
  takesFocus,
  onClose,
}: {
  step: GraphNode<SubtaskInstance>;
  openLog: OpenLog;
  /** It was opened by a key: who did goes on in it. */
  takesFocus: boolean;
  onClose: () => void;
}) {
  const say = useWords();
  const [only] = step.subtasks;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (takesFocus) panel.current?.focus();
  }, [takesFocus]);
  return (
    <aside ref={panel} className="aside-panel" aria-label={step.name} tabIndex={-1}>
      <header>
        <h2>{step.name}</h2>
        <button type="button" className="plain square" aria-label={say('do.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {step.folded ? (
        <ul className="list">
          {step.subtasks.map((subtask) => (
            <li key={subtask.id}>
              <SubtaskIcon kind={kindOfSubtask(subtask)} />
              <button type="button" className="plain" onClick={() => openLog(subtask.id)}>
                {subtask.target ?? subtask.parallelIdx}
              </button>
            </li>
          ))}
        </ul>
      ) : only === undefined ? null : (
        <OneSubtask subtask={only} openLog={openLog} />
      )}
    </aside>
  );
}

function OneSubtask({ subtask, openLog }: { subtask: SubtaskInstance; openLog: OpenLog }) {
  const say = useWords();
  const { failureMessage, lastFailure, childTaskId, startTime } = subtask;
  return (
    <>
      <SubtaskState kind={kindOfSubtask(subtask)} />
      <dl className="facts">
        {subtask.target === undefined ? null : (
          <>
            <dt>{say('grid.place')}</dt>
            <dd>{subtask.target}</dd>
          </>
        )}
        {startTime === undefined ? null : (
          <>
            <dt>{say('tasks.started')}</dt>
            <dd>
              <TimeText time={startTime} />
            </dd>
            <dt>{say('tasks.took')}</dt>
            <dd>
              <Took startTime={startTime} finishTime={subtask.finishTime} />
            </dd>
          </>
        )}
        <dt>{say('log.runs')}</dt>
        <dd>
          {say('task.run', { n: subtask.runTime })}
          {subtask.attempt === undefined ? '' : `, ${say('task.attempt', { n: subtask.attempt })}`}
        </dd>
      </dl>
      {failureMessage === undefined ? null : <p className="failure">{failureMessage}</p>}
      {lastFailure === undefined ? null : (
        <p className="failure">{say('task.lastFailure', { text: lastFailure })}</p>
      )}
      {childTaskId === undefined ? null : (
        <Link href={`/tasks/${childTaskId}`}>{say('task.child', { id: childTaskId })}</Link>
      )}
      <div className="actions">
        <Act icon="audit" onClick={() => openLog(subtask.id)}>
          {say('task.openLog')}
        </Act>
        {waysOfSubtask(subtask).map((way, at) => (
          <WayButton key={way.verb} way={way} first={at === 0} />
        ))}
      </div>
    </>
  );
}
