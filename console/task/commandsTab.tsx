import type { WrappedTaskInstance } from '../data/types';
import { Empty } from '../parts/basics';
import { Table } from '../parts/listed';
import { TimeText } from '../parts/time';
import { useWords } from '../words';

/** Who asked what of the task, when and why. */
export function CommandsTab({ task }: { task: WrappedTaskInstance }) {
  const say = useWords();
  const { commands = [] } = task;
  if (commands.length === 0) return <Empty title={say('commands.none')} />;
  return (
    <Table columns={['commands.when', 'commands.what', 'commands.who', 'commands.from', 'commands.why']}>
      {commands.map((one) => {
        const subtask = task.subtasks.find(({ id }) => id === one.subtaskId);
        return (
          <tr key={`${one.time} ${one.command} ${one.subtaskId ?? ''}`}>
            <td className="number">
              <TimeText time={one.time} />
            </td>
            <th scope="row">
              {say(`command.${one.command}`)}
              {subtask === undefined ? null : (
                <div className="quiet small">
                  {subtask.name}
                  {subtask.target === undefined ? '' : ` · ${subtask.target}`}
                </div>
              )}
            </th>
            <td>{one.who ?? ''}</td>
            <td>{one.from ?? say('commands.throughTemporal')}</td>
            <td>{one.why ?? ''}</td>
          </tr>
        );
      })}
    </Table>
  );
}
