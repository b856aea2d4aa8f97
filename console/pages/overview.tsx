import { Link } from 'wouter';
import { query } from '../data/client';
import { useGet } from '../data/queries';
import { useLacks } from '../data/session';
import type {
  BasicTaskInstance,
  HostDocument,
  ObClusterDocument,
  ObproxyClusterDocument,
  PageOf,
  ReadinessDocument,
} from '../data/types';
import { Loading, PageHead } from '../parts/basics';
import { Seen } from '../parts/state';
import { TaskTable, WarningCount } from '../tasks/taskTable';
import { useWords, type WordKey } from '../words';

const tasksOf = (parts: Readonly<Record<string, string | number>>) =>
  `/api/v2/tasks/instances${query(parts)}`;

/** What waits for a person first; then what runs, what obflow stands on, and what is not as recorded. */
export default function OverviewPage() {
  const say = useWords();
  const lacks = useLacks();
  const seesTasks = lacks('TASK_VIEWER') === undefined;
  return (
    <>
      <PageHead title={say('nav.overview')} />
      <div className="columns">
        <div className="stack">
          {seesTasks ? (
            <>
              <Some
                title="overview.waiting"
                nothing="overview.waitingNone"
                path={tasksOf({ waiting: 'true', size: 20 })}
              />
              <Some
                title="overview.running"
                nothing="overview.runningNone"
                path={tasksOf({ status: 'RUNNING', size: 20 })}
              />
              <Some title="overview.newest" nothing="tasks.none" path={tasksOf({ size: 8 })} />
            </>
          ) : null}
        </div>
        <div className="stack">
          <Begin />
          <Parts />
          <Odd />
        </div>
      </div>
    </>
  );
}

function Some({ title, nothing, path }: { title: WordKey; nothing: WordKey; path: string }) {
  const say = useWords();
  const { data } = useGet<PageOf<BasicTaskInstance>>(path);
  return (
    <section className="card" aria-label={say(title)}>
      <header>
        <h2>{say(title)}</h2>
        {data === undefined ? null : <span className="chip number">{data.page.totalElements}</span>}
      </header>
      {data === undefined ? (
        <Loading />
      ) : data.contents.length === 0 ? (
        <p className="inside quiet">{say(nothing)}</p>
      ) : (
        <TaskTable tasks={data.contents} short />
      )}
    </section>
  );
}

/** Each such question is asked of the cluster itself. */
const CLUSTERS_MS = 30_000;
const PARTS = ['database', 'temporal', 'worker'] as const;

function Parts() {
  const say = useWords();
  const { data } = useGet<ReadinessDocument>('/readyz');
  return (
    <section className="card" aria-label={say('overview.parts')}>
      <header>
        <h2>{say('overview.parts')}</h2>
      </header>
      <ul className="list">
        {PARTS.map((part) => {
          const check = data?.checks[part];
          const up = check?.status === 'up';
          return (
            <li key={part}>
              <span className="grow">
                {say(`overview.parts.${part}`)}
                {check?.message === undefined ? null : <span className="reason-line">{check.message}</span>}
              </span>
              {check === undefined ? null : (
                <span className={`state pill tone-${up ? 'good' : 'bad'}`}>
                  {say(up ? 'overview.up' : 'overview.down')}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Of everything that is looked at, what is not alive, or differs from what it should be. */
function Odd() {
  const say = useWords();
  const lacks = useLacks();
  const allowed = (permission: string, path: string) => (lacks(permission) === undefined ? path : undefined);
  const proxies = useGet<PageOf<ObproxyClusterDocument>>(
    allowed('OBPROXY_VIEWER', '/api/v2/obproxy/clusters?size=200'),
  );
  const hosts = useGet<PageOf<HostDocument>>(allowed('HOST_VIEWER', '/api/v2/compute/hosts?size=2000'));
  const warned = useGet<PageOf<BasicTaskInstance>>(allowed('TASK_VIEWER', tasksOf({ size: 50 })));
  const clusters = useGet<PageOf<ObClusterDocument>>(
    allowed('CLUSTER_VIEWER', '/api/v2/ob/clusters?size=200'),
    {
      refresh: CLUSTERS_MS,
    },
  );
  const odd = [
    ...(clusters.data?.contents ?? []).flatMap(({ id, name, failToQueryFromObReason: reason }) =>
      reason === undefined
        ? []
        : [{ key: `ob ${id}`, href: `/oceanbase/${id}`, name, reason, observed: undefined }],
    ),
    ...(proxies.data?.contents ?? []).flatMap(({ id, name, obproxies }) =>
      obproxies
        .filter(
          (one) => one.status === 'RUNNING' && one.observed !== undefined && one.observed.state !== 'ALIVE',
        )
        .map((one) => ({
          key: `proxy ${one.id}`,
          href: `/obproxy/${id}`,
          name: `${one.ip}:${one.sqlPort} · ${name}`,
          reason: '',
          observed: one.observed,
        })),
    ),
    ...(hosts.data?.contents ?? [])
      .filter(({ observed }) => observed !== undefined && observed.state !== 'ALIVE')
      .map((host) => ({
        key: `host ${host.id}`,
        href: `/hosts?keyword=${encodeURIComponent(host.innerIpAddress)}`,
        name: host.innerIpAddress,
        reason: '',
        observed: host.observed,
      })),
  ];
  const withWarnings = (warned.data?.contents ?? [])
    .filter(({ warningCount = 0 }) => warningCount > 0)
    .slice(0, 8);
  return (
    <section className="card" aria-label={say('overview.trouble')}>
      <header>
        <h2>{say('overview.trouble')}</h2>
      </header>
      {odd.length + withWarnings.length === 0 ? (
        <p className="inside quiet">{say('overview.troubleNone')}</p>
      ) : (
        <ul className="list">
          {odd.map(({ key, href, name, observed, reason }) => (
            <li key={key}>
              <span className="grow">
                <Link href={href}>{name}</Link>
                {observed === undefined ? (
                  <span className="reason-line">{reason}</span>
                ) : (
                  <Seen observed={observed} />
                )}
              </span>
            </li>
          ))}
          {withWarnings.map((task) => (
            <li key={`task ${task.id}`}>
              <span className="grow">
                <Link href={`/tasks/${task.id}`}>
                  {task.name} · {task.id}
                </Link>
                {(task.warnings ?? []).slice(0, 2).map(({ text, time, subtaskId }) => (
                  <span className="reason-line" key={`${subtaskId} ${time} ${text}`}>
                    {text}
                  </span>
                ))}
              </span>
              <WarningCount count={task.warningCount} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What to do first, as long as it has not been done. */
function Begin() {
  const say = useWords();
  const lacks = useLacks();
  const all = (permission: string, path: string) => (lacks(permission) === undefined ? path : undefined);
  const hosts = useGet<PageOf<unknown>>(all('HOST_VIEWER', '/api/v2/compute/hosts?size=1'));
  const packages = useGet<PageOf<unknown>>(all('PACKAGE_VIEWER', '/api/v2/software-packages?size=1'));
  const clusters = useGet<PageOf<unknown>>(all('OBPROXY_VIEWER', '/api/v2/obproxy/clusters?size=1'));
  const bases = useGet<PageOf<unknown>>(all('CLUSTER_VIEWER', '/api/v2/ob/clusters?size=1'), {
    refresh: CLUSTERS_MS,
  });
  const counts = [
    { href: '/hosts', word: 'nav.hosts', step: 'overview.step.hosts', found: hosts },
    { href: '/packages', word: 'nav.packages', step: 'overview.step.package', found: packages },
    { href: '/obproxy', word: 'nav.obproxy', step: 'overview.step.cluster', found: clusters },
    { href: '/oceanbase', word: 'nav.oceanbase', step: undefined, found: bases },
  ] as const;
  const missing = counts.filter(
    ({ step, found }) => step !== undefined && found.data?.page.totalElements === 0,
  );
  return (
    <>
      {missing.length === 0 ? null : (
        <section className="card" aria-label={say('overview.start')}>
          <header>
            <h2>{say('overview.start')}</h2>
          </header>
          <ol>
            {missing.map(({ href, step }) => (
              <li key={href}>
                <Link href={href}>{step === undefined ? '' : say(step)}</Link>
              </li>
            ))}
          </ol>
        </section>
      )}
      <section className="tiles" aria-label={say('overview.counts')}>
        {counts.map(({ href, word, found }) =>
          found.data === undefined ? null : (
            <Link key={href} href={href} className="card tile">
              <strong className="number">{found.data.page.totalElements}</strong>
              <span className="quiet">{say(word)}</span>
            </Link>
          ),
        )}
      </section>
    </>
  );
}
