import { Link } from 'wouter';
import { useGet } from '../data/queries';
import type { ObClusterDocument, ObServerDocument, ObZoneDocument, PageOf } from '../data/types';
import { Empty, Loading, PageHead, Trouble } from '../parts/basics';
import { CheckButton } from '../parts/check';
import { Seen, StatusWord } from '../parts/state';
import { useOffered } from '../wizard/operations';
import { OperationButtons } from '../wizard/wizard';
import { useWords } from '../words';

const CLUSTERS = '/api/v2/ob/clusters';

/** Declared OceanBase clusters as they say of themselves: zones as columns, servers in them. */
export default function OceanbaseClustersPage({ only }: { only?: number }) {
  const say = useWords();
  const operations = useOffered('obClusters');
  const { data, error } = useGet<PageOf<ObClusterDocument>>(`${CLUSTERS}?size=200`, { refresh: 15_000 });
  if (data === undefined) return error === null ? <Loading /> : <Trouble error={error} />;
  const shown = data.contents.filter(({ id }) => only === undefined || id === only);
  return (
    <>
      <PageHead title={say('nav.oceanbase')}>
        <OperationButtons operations={operations} about={{ values: {} }} />
      </PageHead>
      {shown.length === 0 ? <Empty title={say('oceanbase.none')} lead={say('oceanbase.noneLead')} /> : null}
      <div className="stack">
        {shown.map((cluster) => (
          <Cluster key={cluster.id} cluster={cluster} />
        ))}
      </div>
    </>
  );
}

function Cluster({ cluster }: { cluster: ObClusterDocument }) {
  const say = useWords();
  const operations = useOffered('obCluster');
  const { id, name, status, obVersion, type, zones, tenantCount, failToQueryFromObReason: reason } = cluster;
  return (
    <section className="card" aria-label={name}>
      <header>
        <div>
          <h2>
            <Link href={`/oceanbase/${id}`}>{name}</Link> <StatusWord status={status} />
          </h2>
          <span className="quiet small">
            {obVersion} · {type}
            {tenantCount === undefined ? '' : ` · ${say('oceanbase.tenants')}: ${tenantCount}`}
          </span>
        </div>
        <div className="actions">
          <CheckButton path={`${CLUSTERS}/${id}/servers/check`} name={name} />
          <OperationButtons operations={operations} about={{ values: { id }, name }} />
        </div>
      </header>
      {reason === undefined ? null : (
        <div className="inside">
          <p className="trouble">{say('oceanbase.unasked', { reason })}</p>
        </div>
      )}
      <div className="zones">
        {zones.map((zone) => (
          <Zone key={zone.name} zone={zone} id={id} />
        ))}
      </div>
    </section>
  );
}

/** @param id of its cluster */
function Zone({ zone, id }: { zone: ObZoneDocument; id: number }) {
  const operations = useOffered('obZone');
  const { name } = zone;
  return (
    <section className="zone" aria-label={zone.name}>
      <header>
        <h3>{zone.name}</h3>
        <StatusWord status={zone.status} />
      </header>
      <span className="quiet small">
        {[zone.regionName, zone.idcName].filter((name) => name !== '').join(' · ')}
      </span>
      <div className="actions">
        <OperationButtons operations={operations} about={{ values: { id, zoneName: name }, name }} />
      </div>
      {zone.servers.map((server) => (
        <Server key={server.id} server={server} id={id} />
      ))}
    </section>
  );
}

function Server({ server, id }: { server: ObServerDocument; id: number }) {
  const say = useWords();
  const operations = useOffered('obServer');
  const name = `${server.ip}:${server.sqlPort}`;
  return (
    <div className="server">
      <span>
        <Link href={`/hosts?keyword=${encodeURIComponent(server.ip)}`} className="mono">
          {name}
        </Link>{' '}
        {server.withRootserver ? <span className="chip">{say('oceanbase.rootServer')}</span> : null}
      </span>
      <span>
        <StatusWord status={server.status} />
      </span>
      <Seen observed={server.observed} />
      <span className="quiet small">{server.version ?? ''}</span>
      <div className="actions">
        <OperationButtons operations={operations} about={{ values: { id, serverId: server.id }, name }} />
      </div>
    </div>
  );
}
