import { useEffect, useMemo, useRef, useState } from 'react';
import type { SubtaskInstance, WrappedTaskInstance } from '../data/types';
import { kindOfSubtask } from '../model/kind';
import { atLeast, type Level, type LogRun, runsOf, textOf } from '../model/logText';
import { Act, Copy, Empty, Loading, Trouble } from '../parts/basics';
import { saveAs } from '../parts/saveAs';
import { SubtaskIcon, SubtaskState } from '../parts/state';
import { useWords, type WordKey } from '../words';
import { useLanguage } from '../words/language';
import { WORDS } from '../words/table';
import { WayButton } from './commandDialog';
import { useLog } from './useLog';
import { waysOfSubtask } from './waysOut';

const LEVELS: readonly Level[] = ['INFO', 'WARN', 'ERROR'];

interface LogTabProps {
  readonly task: WrappedTaskInstance;
  readonly subtaskId: number | undefined;
  readonly run: number | undefined;
  readonly show: (changes: Readonly<Record<string, string | undefined>>) => void;
}

/** The subtasks at the left, the log of one of them, run by run, at the right. */
export function LogTab({ task, subtaskId, run, show }: LogTabProps) {
  const say = useWords();
  const language = useLanguage();
  const { subtasks } = task;
  const first =
    subtasks.find(({ status }) => status === 'FAILED') ??
    subtasks.find(({ status }) => status === 'RUNNING') ??
    subtasks.find(({ startTime }) => startTime !== undefined);
  const chosen = subtasks.find(({ id }) => id === subtaskId) ?? first;
  return (
    <div className="card log">
      <nav className="log-list" aria-label={say('log.subtask')}>
        {subtasks.map((subtask) => (
          <button
            key={subtask.id}
            type="button"
            aria-current={subtask.id === chosen?.id ? 'true' : undefined}
            onClick={() => show({ subtask: String(subtask.id), run: undefined })}
          >
            <SubtaskIcon kind={kindOfSubtask(subtask)} />
            <span>
              {subtask.name}
              <span className="where">{subtask.target ?? ''}</span>
            </span>
          </button>
        ))}
      </nav>
      <div className="log-main">
        {chosen === undefined ? (
          <Empty title={say('log.choose')} />
        ) : (
          <SubtaskLog key={`${chosen.id} ${language}`} task={task} subtask={chosen} run={run} show={show} />
        )}
      </div>
    </div>
  );
}

function SubtaskLog({
  task,
  subtask,
  run,
  show,
}: Omit<LogTabProps, 'subtaskId'> & { readonly subtask: SubtaskInstance }) {
  const say = useWords();
  const [level, setLevel] = useState<Level>('INFO');
  const [follow, setFollow] = useState(true);
  const { text, error } = useLog(task, subtask);
  const runs = useMemo(() => runsOf(text ?? ''), [text]);
  const chosen = (run === undefined ? undefined : runs[run]) ?? runs.at(-1);
  const link = () =>
    `${location.origin}/console/tasks/${task.id}?tab=log&subtask=${subtask.id}${chosen === undefined ? '' : `&run=${chosen.at}`}`;
  return (
    <>
      <div className="log-bar">
        <SubtaskState kind={kindOfSubtask(subtask)} />
        <strong>{subtask.name}</strong>
        <span className="quiet">{subtask.target ?? ''}</span>
        {waysOfSubtask(subtask).map((way, at) => (
          <WayButton key={way.verb} way={way} first={at === 0} />
        ))}
      </div>
      <div className="log-bar">
        {runs.length === 0 ? null : (
          <select
            aria-label={say('log.runs')}
            value={chosen?.at}
            onChange={(event) => show({ subtask: String(subtask.id), run: event.target.value })}
          >
            {runs.map(({ at, operation, time }) => (
              <option key={at} value={at}>
                {at + 1} · {operationWord(say, operation)} · {time.slice(11, 19)}
              </option>
            ))}
          </select>
        )}
        <select
          aria-label={say('log.level')}
          value={level}
          onChange={(event) => setLevel(event.target.value as Level)}
        >
          {LEVELS.map((one) => (
            <option key={one} value={one}>
              {say(`log.level.${one}`)}
            </option>
          ))}
        </select>
        <label className="check">
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.target.checked)} />
          {say('log.follow')}
        </label>
        {chosen === undefined ? null : <Copy text={() => textOf(chosen)} />}
        {text === undefined || text === '' ? null : (
          <Act
            kind="plain"
            icon="download"
            onClick={() => saveAs(`subtask_${subtask.id}.log`, new Blob([text], { type: 'text/plain' }))}
          >
            {say('log.download')}
          </Act>
        )}
        <Copy text={link} label={say('log.link')} icon="link" />
      </div>
      {error === undefined ? null : <Trouble error={error} />}
      {text === undefined && error === undefined ? (
        <Loading />
      ) : chosen === undefined ? (
        <Empty title={say('log.none')} />
      ) : (
        <Lines run={chosen} level={level} follow={follow} />
      )}
    </>
  );
}

function operationWord(say: ReturnType<typeof useWords>, operation: string): string {
  const key = `log.run.${operation}`;
  return key in WORDS ? say(key as WordKey) : operation;
}

function Lines({ run, level, follow }: { run: LogRun; level: Level; follow: boolean }) {
  const say = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => atLeast(run.lines, level), [run, level]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every new line
  useEffect(() => {
    const { current } = frame;
    if (follow && current !== null) current.scrollTop = current.scrollHeight;
  }, [follow, lines]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <div ref={frame} className="log-text mono" tabIndex={0} role="log" aria-label={say('log.text')}>
      {lines.map(({ time, level: at, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added
        <div key={index} className={at === undefined ? 'row' : `row level-${at}`}>
          <span className="at">{time.slice(11)}</span>
          <span>{at ?? ''}</span>
          <span className="words">{text}</span>
        </div>
      ))}
    </div>
  );
}
