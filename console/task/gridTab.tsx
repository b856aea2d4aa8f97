import { memo, useEffect, useMemo, useRef } from 'react';
import type { SubtaskInstance, WrappedTaskInstance } from '../data/types';
import { gridOf } from '../model/grid';
import { kindOfSubtask } from '../model/kind';
import { Icon } from '../parts/icon';
import { toneOf } from '../parts/state';
import { useWords } from '../words';
import type { OpenLog } from './taskPage';

/** With more rows than this, cells are small, so that fifty hosts are on one screen. */
const ROOMY_ROWS = 18;

/** Places down, steps across; one look shows which host is behind. */
export function GridTab({ task, openLog }: { task: WrappedTaskInstance; openLog: OpenLog }) {
  const say = useWords();
  const { steps, rows } = useMemo(() => gridOf(task), [task]);
  const frame = useRef<HTMLDivElement>(null);
  const dense = rows.length > ROOMY_ROWS;
  useEffect(() => {
    const { current } = frame;
    // All of it on one screen needs the room of the head.
    if (dense && current !== null && current.getBoundingClientRect().bottom > window.innerHeight)
      document.querySelector('[role=tablist]')?.scrollIntoView();
  }, [dense]);
  return (
    <div ref={frame} className="card grid-frame">
      <table className={dense ? 'grid-table' : 'grid-table roomy'}>
        <thead>
          <tr>
            <th scope="col">{say('grid.place')}</th>
            {steps.map((step, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a column has no other name than its place
              <th scope="col" key={at} title={step}>
                <span>{step}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ place, cells }) => (
            <tr key={place}>
              <th scope="row">{place === '' ? say('grid.nowhere') : place}</th>
              {cells.map((subtask, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <td key={at}>
                  {subtask === undefined ? null : <Cell subtask={subtask} openLog={openLog} />}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ICONS = { good: 'done', bad: 'failed', busy: 'running', odd: 'skipped', still: undefined } as const;

const Cell = memo(
  function Cell({ subtask, openLog }: { subtask: SubtaskInstance; openLog: OpenLog }) {
    const say = useWords();
    const kind = kindOfSubtask(subtask);
    const tone = toneOf(kind);
    const icon = ICONS[tone];
    const text = `${subtask.name}${subtask.target === undefined ? '' : ` · ${subtask.target}`}: ${say(`subtask.kind.${kind}`)}`;
    return (
      <button
        type="button"
        className={`cell tone-${tone}`}
        title={text}
        aria-label={text}
        onClick={() => openLog(subtask.id)}
      >
        {icon === undefined ? null : <Icon name={icon} />}
      </button>
    );
  },
  (before, after) =>
    before.openLog === after.openLog &&
    before.subtask.id === after.subtask.id &&
    before.subtask.status === after.subtask.status &&
    before.subtask.operation === after.subtask.operation,
);
