import { useMutation } from '@tanstack/react-query';
import { Link } from 'wouter';
import { send } from '../data/client';
import type { WrappedTaskInstance } from '../data/types';
import { countsOf } from '../model/kind';
import { Act, Progress, Trouble } from '../parts/basics';
import { Icon } from '../parts/icon';
import { saveAs } from '../parts/saveAs';
import { TaskState } from '../parts/state';
import { TimeText, Took } from '../parts/time';
import { Targets } from '../tasks/taskTable';
import { useWords } from '../words';
import { WayButton } from './commandDialog';
import { InTheWay, Locks } from './locks';
import type { OpenLog } from './taskPage';
import { waysOfTask } from './waysOut';

/** What it is, how it stands, why, and what can be done. */
export function TaskHead({
  task,
  live,
  openLog,
}: {
  task: WrappedTaskInstance;
  live: boolean;
  openLog: OpenLog;
}) {
  const say = useWords();
  const { done, failed, all } = countsOf(task.subtasks);
  const diagnosis = useMutation({ mutationFn: () => downloadDiagnosis(task.id) });
  return (
    <header className="task-head">
      <div className="line">
        <h1>{task.name}</h1>
        <TaskState task={task} large />
        {task.closed === true ? null : (
          <span className={live ? 'live on' : 'live'}>
            <span className={`dot tone-${live ? 'good' : 'odd'}`} />{' '}
            {say(live ? 'task.live' : 'task.notLive')}
          </span>
        )}
        <span className="actions">
          <Act kind="plain" icon="download" busy={diagnosis.isPending} onClick={() => diagnosis.mutate()}>
            {say('task.diagnosis')}
          </Act>
          {!/^https?:/.test(task.temporalUrl ?? '') ? null : (
            <a className="button" href={task.temporalUrl} target="_blank" rel="noreferrer">
              <Icon name="external" /> {say('task.temporal')}
            </a>
          )}
        </span>
      </div>
      <div className="line quiet">
        <span className="number">{say('task.id', { id: task.id })}</span>
        <Targets task={task} />
        <span>{task.creator.name}</span>
        <TimeText time={task.startTime} />
        <Took startTime={task.startTime} finishTime={task.finishTime} />
        <Progress done={done} failed={failed} all={all} label={say('task.progress', { done, all })} />
        {task.parentTaskId === undefined ? null : (
          <Link href={`/tasks/${task.parentTaskId}`}>{say('task.parent', { id: task.parentTaskId })}</Link>
        )}
      </div>
      <Locks task={task} />
      <Trouble error={diagnosis.error} title={say('task.diagnosis')} />
      <Reason task={task} openLog={openLog} />
      <Warnings task={task} openLog={openLog} />
    </header>
  );
}

function Reason({ task, openLog }: { task: WrappedTaskInstance; openLog: OpenLog }) {
  const say = useWords();
  const { firstFailure, ending, leftBehind = [] } = task;
  const ways = waysOfTask(task);
  if (firstFailure === undefined && ending === undefined && ways.length === 0) return null;
  const subtask = task.subtasks.find(({ id }) => id === firstFailure?.subtaskId);
  return (
    <section className="card reason" aria-label={say('task.reason')}>
      {firstFailure === undefined ? null : (
        <>
          <div className="what">
            <strong>
              {subtask === undefined ? (firstFailure.name ?? say('task.reason')) : subtask.name}
              {subtask?.target === undefined ? '' : ` · ${subtask.target}`}
            </strong>
            {subtask === undefined ? null : (
              <Act kind="plain" icon="audit" onClick={() => openLog(subtask.id)}>
                {say('task.openLog')}
              </Act>
            )}
          </div>
          <p>{firstFailure.message}</p>
        </>
      )}
      {task.waitsFor === undefined ? null : <InTheWay lock={task.waitsFor} />}
      {ending === undefined ? null : <p>{ending}</p>}
      {leftBehind.length === 0 ? null : (
        <details>
          <summary>{say('task.leftBehind')}</summary>
          <ul>
            {leftBehind.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </details>
      )}
      <div className="ways">
        {ways.map((way, at) => (
          <div className="way" key={`${way.verb} ${way.subtaskId ?? ''}`}>
            <WayButton way={way} first={at === 0} />
            <span className="quiet">{way.meaning}</span>
          </div>
        ))}
      </div>
    </section>
  );
}

function Warnings({ task, openLog }: { task: WrappedTaskInstance; openLog: OpenLog }) {
  const say = useWords();
  const { warnings = [], warningCount = 0 } = task;
  if (warningCount === 0) return null;
  return (
    <details className="card">
      <summary className="inside warn">
        <Icon name="warning" />{' '}
        {warningCount === 1 ? say('tasks.warning') : say('tasks.warnings', { n: warningCount })}
      </summary>
      <ul className="list">
        {warnings.map((one) => (
          <li key={`${one.subtaskId} ${one.time} ${one.text}`}>
            <span className="grow">
              <button type="button" className="plain" onClick={() => openLog(one.subtaskId)}>
                {one.name}
                {one.target === undefined ? '' : ` · ${one.target}`}
              </button>
              <span className="reason-line">{one.text}</span>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

async function downloadDiagnosis(id: number): Promise<void> {
  const answer = await send('POST', `/api/v1/tasks/instances/${id}/downloadDiagnosis`);
  saveAs(`task_${id}_diagnosis.zip`, await answer.blob());
}
