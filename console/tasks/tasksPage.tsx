import { Link, useSearchParams } from 'wouter';
import { query } from '../data/client';
import { useGet } from '../data/queries';
import type { BasicTaskInstance, PageOf } from '../data/types';
import { Empty, Loading, PageHead, Trouble } from '../parts/basics';
import { Pager } from '../parts/pager';
import { useWords } from '../words';
import { TaskTable } from './taskTable';

const SIZE = 20;
const STATES = ['all', 'waiting', 'running', 'failed', 'done'] as const;
type StateFilter = (typeof STATES)[number];
const STATUS: Readonly<Record<StateFilter, Readonly<Record<string, string>>>> = {
  all: {},
  waiting: { waiting: 'true' },
  running: { status: 'RUNNING' },
  failed: { status: 'FAILED' },
  done: { status: 'SUCCESSFUL' },
};

/** The list of tasks. What it is filtered by stands in the URL, so that a link shows the same. */
export function TasksPage() {
  const say = useWords();
  const [search, setSearch] = useSearchParams();
  const state = STATES.find((one) => one === search.get('state')) ?? 'all';
  const filters = {
    name: search.get('name') ?? '',
    cluster: search.get('cluster') ?? '',
    hostId: search.get('hostId') ?? '',
  };
  const page = Number(search.get('page') ?? 1);
  const { data, error } = useGet<PageOf<BasicTaskInstance>>(
    `/api/v2/tasks/instances${query({
      ...STATUS[state],
      name: filters.name,
      anyClusterName: filters.cluster,
      hostId: filters.hostId,
      page,
      size: SIZE,
    })}`,
  );
  const filtered = state !== 'all' || Object.values(filters).some((value) => value !== '');
  const change = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (name !== 'page') next.delete('page');
        if (name === 'hostId') next.delete('host');
        if (value === '' || value === 'all') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: name !== 'page' && name !== 'state' },
    );
  return (
    <>
      <PageHead title={say('tasks.title')} />
      <search className="filters" aria-label={say('page.filters')}>
        <fieldset className="segments" aria-label={say('field.status')}>
          {STATES.map((one) => (
            <button key={one} type="button" aria-pressed={one === state} onClick={() => change('state', one)}>
              {say(`tasks.filter.${one}`)}
            </button>
          ))}
        </fieldset>
        <input
          aria-label={say('tasks.filter.name')}
          placeholder={say('tasks.filter.name')}
          value={filters.name}
          onChange={(event) => change('name', event.target.value)}
        />
        <input
          aria-label={say('tasks.filter.cluster')}
          placeholder={say('tasks.filter.cluster')}
          value={filters.cluster}
          onChange={(event) => change('cluster', event.target.value)}
        />
        {filters.hostId === '' ? null : (
          <button type="button" onClick={() => change('hostId', '')}>
            {say('tasks.filter.host', { ip: search.get('host') ?? filters.hostId })} ✕
          </button>
        )}
      </search>
      {error !== null && data === undefined ? <Trouble error={error} /> : null}
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : null
      ) : data.contents.length > 0 ? (
        <>
          <TaskTable tasks={data.contents} />
          <Pager page={data.page} onPage={(to) => change('page', String(to))} />
        </>
      ) : filtered ? (
        <Empty title={say('page.nothing')}>
          <Link href="/tasks" className="button">
            {say('page.clear')}
          </Link>
        </Empty>
      ) : (
        <Empty title={say('tasks.none')} lead={say('tasks.noneLead')}>
          <Link href="/packages" className="button">
            {say('overview.step.package')}
          </Link>
        </Empty>
      )}
    </>
  );
}
