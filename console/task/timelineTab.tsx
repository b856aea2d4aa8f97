import { duration } from '../../cli/task/chain';
import type { WrappedTaskInstance } from '../data/types';
import { kindOfSubtask } from '../model/kind';
import { marksOf, timelineOf } from '../model/timeline';
import { Empty } from '../parts/basics';
import { toneOf } from '../parts/state';
import { useNow } from '../parts/time';
import { useWords } from '../words';
import type { OpenLog } from './taskPage';

const percent = (share: number) => `${share * 100}%`;
const lasting = (ms: number) =>
  duration({ startTime: new Date(0).toISOString(), finishTime: new Date(ms).toISOString() });

/** When each subtask worked, and for how long. */
export function TimelineTab({ task, openLog }: { task: WrappedTaskInstance; openLog: OpenLog }) {
  const say = useWords();
  const now = useNow(task.finishTime === undefined);
  const line = timelineOf(task.subtasks, now);
  if (line === undefined) return <Empty title={say('timeline.none')} />;
  const whole = line.to - line.from;
  return (
    <div className="card timeline">
      <div className="marks" aria-hidden="true">
        <span />
        <div className="axis">
          {marksOf(whole).map((ms) => (
            <span key={ms} style={{ left: percent(ms / whole) }}>
              {lasting(ms)}
            </span>
          ))}
        </div>
        <span />
      </div>
      {line.bars.map(({ subtask, from, width, ms }) => (
        <div className="lane" key={subtask.id}>
          <span className="who" title={subtask.name}>
            {subtask.name}
            <span className="quiet">{subtask.target === undefined ? '' : ` · ${subtask.target}`}</span>
          </span>
          <div className="track">
            <a
              href={`?tab=log&subtask=${subtask.id}`}
              className={`tone-${toneOf(kindOfSubtask(subtask))}`}
              style={{ left: percent(from), width: percent(Math.min(width, 1 - from)) }}
              onClick={(event) => {
                event.preventDefault();
                openLog(subtask.id);
              }}
            >
              <span className="unseen">
                {subtask.name}: {say(`subtask.kind.${kindOfSubtask(subtask)}`)}
              </span>
            </a>
          </div>
          <span className="number quiet">{lasting(ms)}</span>
        </div>
      ))}
    </div>
  );
}
