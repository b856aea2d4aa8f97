import { Link } from 'wouter';
import type { BasicTaskInstance } from '../data/types';
import { countsOf } from '../model/kind';
import { Progress } from '../parts/basics';
import { Icon } from '../parts/icon';
import { Table } from '../parts/listed';
import { TaskState } from '../parts/state';
import { TimeText, Took } from '../parts/time';
import { useWords } from '../words';

/** So many addresses are named; more are counted. */
const SHOWN_HOSTS = 2;
const SHORT = ['tasks.task', 'field.status', 'tasks.target', 'tasks.progress'] as const;

/** Where a task works: its clusters and hosts, each the way to it. */
export function Targets({ task }: { task: Pick<BasicTaskInstance, 'obproxyCluster' | 'cluster' | 'hosts'> }) {
  const say = useWords();
  const { obproxyCluster, cluster, hosts } = task;
  return (
    <span className="chips">
      {obproxyCluster === undefined ? null : (
        <Link href={`/obproxy/${obproxyCluster.id}`}>{obproxyCluster.name}</Link>
      )}
      {cluster === undefined ? null : <Link href={`/oceanbase/${cluster.id}`}>{cluster.name}</Link>}
      {hosts.length > SHOWN_HOSTS ? (
        <span className="chip" title={hosts.join('\n')}>
          {say('tasks.hosts', { n: hosts.length })}
        </span>
      ) : (
        hosts.map((host) => (
          <Link key={host} href={`/hosts?keyword=${encodeURIComponent(host)}`} className="chip">
            {host}
          </Link>
        ))
      )}
    </span>
  );
}

export function WarningCount({ count }: { count: number | undefined }) {
  const say = useWords();
  if (count === undefined || count === 0) return null;
  return (
    <span className="warn">
      <Icon name="warning" /> {count === 1 ? say('tasks.warning') : say('tasks.warnings', { n: count })}
    </span>
  );
}

/** @param short without who asked and how long it took, for where tasks are shown beside other things */
export function TaskTable({
  tasks,
  short = false,
}: {
  tasks: readonly BasicTaskInstance[];
  short?: boolean;
}) {
  return (
    <Table columns={short ? SHORT : [...SHORT, 'tasks.creator', 'tasks.started', 'tasks.took']}>
      {tasks.map((task) => (
        <TaskRow key={task.id} task={task} short={short} />
      ))}
    </Table>
  );
}

function TaskRow({ task, short }: { task: BasicTaskInstance; short: boolean }) {
  const say = useWords();
  const { done, failed, all } = countsOf(task.subtasks);
  return (
    <tr>
      <th scope="row">
        <Link href={`/tasks/${task.id}`}>{task.name}</Link>
        <div className="quiet small number">
          {task.id}
          {short ? ' · ' : null}
          {short ? <TimeText time={task.startTime} ago /> : null}
        </div>
        <WarningCount count={task.warningCount} />
      </th>
      <td>
        <TaskState task={task} />
      </td>
      <td>
        <Targets task={task} />
      </td>
      <td>
        {task.subtaskCount === undefined ? (
          <Progress done={done} failed={failed} all={all} label={`${done}/${all}`} />
        ) : (
          <span className="number">{say('wizard.subtasks', { n: task.subtaskCount })}</span>
        )}
      </td>
      {short ? null : <td>{task.creator.name}</td>}
      {short ? null : (
        <td className="number">
          <TimeText time={task.startTime} />
        </td>
      )}
      {short ? null : (
        <td>
          <Took startTime={task.startTime} finishTime={task.finishTime} />
        </td>
      )}
    </tr>
  );
}
