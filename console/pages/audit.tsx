import { Link, useSearchParams } from 'wouter';
import { query } from '../data/client';
import { useGet } from '../data/queries';
import type { AuditEventDocument, PageOf } from '../data/types';
import { Empty, PageHead } from '../parts/basics';
import { Listed, Table } from '../parts/listed';
import { Pager } from '../parts/pager';
import { TimeText } from '../parts/time';
import { useWords } from '../words';

const SIZE = 50;

/** Who changed what, from where, with which result. */
export default function AuditPage() {
  const say = useWords();
  const [search, setSearch] = useSearchParams();
  const user = search.get('user') ?? '';
  const taskId = search.get('taskId') ?? '';
  const page = Number(search.get('page') ?? 1);
  const found = useGet<PageOf<AuditEventDocument>>(
    `/api/v2/audit/events${query({ user, taskId, page, size: SIZE })}`,
  );
  const change = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (name !== 'page') next.delete('page');
        if (value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <>
      <PageHead title={say('nav.audit')} />
      <search className="filters">
        <input
          aria-label={say('audit.user')}
          placeholder={say('audit.user')}
          value={user}
          onChange={(event) => change('user', event.target.value)}
        />
        <input
          aria-label={say('tasks.task')}
          placeholder={say('tasks.task')}
          inputMode="numeric"
          value={taskId}
          onChange={(event) => change('taskId', event.target.value.replace(/\D/g, ''))}
        />
      </search>
      <Listed
        of={found}
        empty={<Empty title={say(user === '' && taskId === '' ? 'audit.none' : 'page.nothing')} />}
      >
        {(data) => (
          <>
            <Table
              columns={[
                'commands.when',
                'audit.user',
                'commands.from',
                'audit.what',
                'commands.why',
                'tasks.task',
                'audit.result',
              ]}
            >
              {data.contents.map((event) => (
                <Row key={event.id} event={event} />
              ))}
            </Table>
            <Pager page={data.page} onPage={(to) => change('page', String(to))} />
          </>
        )}
      </Listed>
    </>
  );
}

function Row({ event }: { event: AuditEventDocument }) {
  const say = useWords();
  const { user, method, path, command, taskIds, successful, status, code } = event;
  return (
    <tr>
      <td className="number">
        <TimeText time={event.time} />
      </td>
      <td>{user?.name ?? <span className="quiet">{say('audit.nobody')}</span>}</td>
      <td className="mono">{event.address}</td>
      <td>
        {command === null ? null : <div>{command}</div>}
        <code className="quiet">
          {method} {path}
        </code>
      </td>
      <td>{event.why ?? ''}</td>
      <td>
        <span className="chips">
          {taskIds.slice(0, 4).map((id) => (
            <Link key={id} href={`/tasks/${id}`}>
              {id}
            </Link>
          ))}
          {taskIds.length > 4 ? `… ${taskIds.length}` : ''}
        </span>
      </td>
      <td>
        <span className={`state pill tone-${successful ? 'good' : 'bad'}`}>
          {status}
          {code === null ? '' : ` ${code}`}
        </span>
      </td>
    </tr>
  );
}
