import { useState } from 'react';
import { Link } from 'wouter';
import { query } from '../data/client';
import { useGet } from '../data/queries';
import { useLacks } from '../data/session';
import type { BasicTaskInstance, ObproxyClusterDocument, ObproxyServerDocument, PageOf } from '../data/types';
import { Copy, Loading, PageHead, Trouble } from '../parts/basics';
import { CheckButton } from '../parts/check';
import { Table } from '../parts/listed';
import { Seen, StatusWord } from '../parts/state';
import { TaskTable } from '../tasks/taskTable';
import { useOffered } from '../wizard/operations';
import { OperationButtons } from '../wizard/wizard';
import { useWords } from '../words';

/** One OBProxy cluster: its proxies by IDC, what they are linked to, and everything that can be done with it. */
export default function ObproxyClusterPage({ id }: { id: number }) {
  const say = useWords();
  const lacks = useLacks();
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const { data: cluster, error } = useGet<ObproxyClusterDocument>(`/api/v2/obproxy/clusters/${id}`, {
    refresh: 3_000,
  });
  const operations = useOffered('obproxyCluster');
  const tasks = useGet<PageOf<BasicTaskInstance>>(
    cluster === undefined || lacks('TASK_VIEWER') !== undefined
      ? undefined
      : `/api/v2/tasks/instances${query({ anyClusterName: cluster.name, size: 8 })}`,
  );
  if (cluster === undefined) return error === null ? <Loading /> : <Trouble error={error} />;
  const about = {
    values: { id },
    name: cluster.name,
    body: chosen.size === 0 ? {} : { obproxyServerIds: [...chosen] },
  };
  const idcs = [...new Set(cluster.obproxies.map(({ idcName }) => idcName))].sort();
  const toggle = (serverId: number) =>
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(serverId)) next.add(serverId);
      return next;
    });
  return (
    <>
      <PageHead
        title={cluster.name}
        lead={chosen.size === 0 ? say('nav.obproxy') : say('obproxy.chosen', { n: chosen.size })}
      >
        <CheckButton path={`/api/v2/obproxy/clusters/${id}/servers/check`} name={cluster.name} />
        <OperationButtons operations={operations} about={about} main="/batchAdd" />
      </PageHead>
      <div className="columns">
        <div className="stack">
          {cluster.obproxies.length === 0 ? (
            <p className="card inside quiet">{say('obproxy.proxiesNone')}</p>
          ) : null}
          {idcs.map((idc) => (
            <Servers
              key={idc}
              idc={idc}
              servers={cluster.obproxies.filter(({ idcName }) => idcName === idc)}
              chosen={chosen}
              toggle={toggle}
            />
          ))}
          {tasks.data === undefined || tasks.data.contents.length === 0 ? null : (
            <section className="card" aria-label={say('nav.tasks')}>
              <header>
                <h2>{say('nav.tasks')}</h2>
                <Link href={`/tasks${query({ cluster: cluster.name })}`}>{say('tasks.filter.all')}</Link>
              </header>
              <TaskTable tasks={tasks.data.contents} short />
            </section>
          )}
        </div>
        <div className="stack">
          <Facts cluster={cluster} />
          <Links cluster={cluster} />
        </div>
      </div>
    </>
  );
}

function Servers({
  idc,
  servers,
  chosen,
  toggle,
}: {
  idc: string;
  servers: readonly ObproxyServerDocument[];
  chosen: ReadonlySet<number>;
  toggle: (id: number) => void;
}) {
  const say = useWords();
  return (
    <section className="card" aria-label={idc}>
      <header>
        <h2>
          {say('hosts.idc')} {idc}
        </h2>
        <span className="chip number">{servers.length}</span>
      </header>
      <Table
        columns={['page.actions', 'obproxy.server', 'observed.recorded', 'observed.label', 'field.version']}
      >
        {servers.map((server) => (
          <tr key={server.id}>
            <td>
              <input
                type="checkbox"
                aria-label={`${server.ip}:${server.sqlPort}`}
                checked={chosen.has(server.id)}
                onChange={() => toggle(server.id)}
              />
            </td>
            <th scope="row">
              <Link href={`/hosts?keyword=${encodeURIComponent(server.ip)}`} className="mono">
                {server.ip}:{server.sqlPort}
              </Link>
              {server.adopted === undefined ? null : (
                <div
                  className={server.adopted.keeper === 'none' ? 'small warn' : 'quiet small'}
                  title={server.adopted.home}
                >
                  {say('obproxy.adopted')} ·{' '}
                  {server.adopted.keeper === 'none' ? server.adopted.keeperDetail : server.adopted.keeper}
                </div>
              )}
            </th>
            <td>
              <StatusWord status={server.status} />
            </td>
            <td>
              <Seen observed={server.observed} />
              <Warnings warnings={server.warnings} />
            </td>
            <td>
              <PackageLink version={server.version} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** The packages of a version. */
function PackageLink({ version }: { version: string | undefined }) {
  const lacks = useLacks()('PACKAGE_VIEWER');
  if (version === undefined || lacks !== undefined) return version ?? '';
  return <Link href={`/packages${query({ keyword: version })}`}>{version}</Link>;
}

function Warnings({ warnings = [] }: { warnings: ObproxyServerDocument['warnings'] }) {
  const say = useWords();
  if (warnings.length === 0) return null;
  return (
    <details className="small">
      <summary className="warn">
        {say('task.warnings')} ({warnings.length})
      </summary>
      {warnings.map(({ text }) => (
        <span className="reason-line" key={text}>
          {text}
        </span>
      ))}
    </details>
  );
}

function Facts({ cluster }: { cluster: ObproxyClusterDocument }) {
  const say = useWords();
  const { address, port, workMode, configUrl, startupParameters, parameters } = cluster;
  return (
    <section className="card">
      <div className="inside stack">
        <dl className="facts">
          <dt>{say('obproxy.access')}</dt>
          <dd>
            {address ?? ''}
            {port === null ? '' : `:${port}`}
          </dd>
          <dt>{say('obproxy.mode')}</dt>
          <dd>{workMode}</dd>
          {workMode === 'CONFIG_URL' ? (
            <>
              <dt>{say('obproxy.configUrl')}</dt>
              <dd>
                <code>{configUrl}</code> <Copy text={configUrl} />
              </dd>
            </>
          ) : null}
        </dl>
        {(
          [
            ['obproxy.startup', startupParameters],
            ['obproxy.parameters', parameters],
          ] as const
        ).map(([word, list]) =>
          list.length === 0 ? null : (
            <details key={word}>
              <summary>
                {say(word)} ({list.length})
              </summary>
              <dl className="facts">
                {list.map(({ name, value }) => (
                  <Parameter key={name} name={name} value={value} />
                ))}
              </dl>
            </details>
          ),
        )}
      </div>
    </section>
  );
}

function Parameter({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="mono">{name}</dt>
      <dd className="mono">{value}</dd>
    </>
  );
}

function Links({ cluster }: { cluster: ObproxyClusterDocument }) {
  const say = useWords();
  const operations = useOffered('obLink');
  if (cluster.obLinks.length === 0) return null;
  return (
    <section className="card" aria-label={say('obproxy.links')}>
      <header>
        <h2>{say('obproxy.links')}</h2>
      </header>
      <ul className="list">
        {cluster.obLinks.map(({ clusterId, clusterName, username, clusterType, status }) => (
          <li key={clusterId}>
            <span className="grow">
              <Link href={`/oceanbase/${clusterId}`}>{clusterName}</Link>
              <span className="reason-line">
                {username} · {clusterType}
              </span>
            </span>
            <StatusWord status={status} />
            <OperationButtons
              operations={operations}
              about={{ values: { id: cluster.id, obClusterName: clusterName }, name: clusterName }}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
