import { Link } from 'wouter';
import { useGet } from '../data/queries';
import type { ObproxyClusterDocument, PageOf } from '../data/types';
import { Empty, PageHead } from '../parts/basics';
import { Listed, Table } from '../parts/listed';
import { useOffered } from '../wizard/operations';
import { OperationButtons } from '../wizard/wizard';
import { useWords } from '../words';

const CLUSTERS = '/api/v2/obproxy/clusters';

export default function ObproxyClustersPage() {
  const say = useWords();
  const operations = useOffered('obproxyClusters');
  const found = useGet<PageOf<ObproxyClusterDocument>>(`${CLUSTERS}?size=200`);
  const buttons = <OperationButtons operations={operations} about={{ values: {} }} main="/clusters" />;
  return (
    <>
      <PageHead title={say('nav.obproxy')}>{buttons}</PageHead>
      <Listed
        of={found}
        empty={
          <Empty title={say('obproxy.none')} lead={say('obproxy.noneLead')}>
            <Link href="/packages" className="button">
              {say('overview.step.package')}
            </Link>
          </Empty>
        }
      >
        {(data) => (
          <Table
            columns={[
              'field.name',
              'obproxy.proxies',
              'field.version',
              'hosts.idc',
              'obproxy.links',
              'obproxy.access',
            ]}
          >
            {data.contents.map((cluster) => (
              <Row key={cluster.id} cluster={cluster} />
            ))}
          </Table>
        )}
      </Listed>
    </>
  );
}

function Row({ cluster }: { cluster: ObproxyClusterDocument }) {
  const { id, name, obproxies, versions, topo, obLinks, address, port } = cluster;
  const running = obproxies.filter(
    ({ status, observed }) => status === 'RUNNING' && (observed === undefined || observed.state === 'ALIVE'),
  ).length;
  const tone = running === obproxies.length ? 'good' : running === 0 ? 'bad' : 'odd';
  return (
    <tr>
      <th scope="row">
        <Link href={`/obproxy/${id}`}>{name}</Link>
      </th>
      <td>
        <span className={`state tone-${obproxies.length === 0 ? 'still' : tone} number`}>
          {running}/{obproxies.length}
        </span>
      </td>
      <td>
        <span className="chips">
          {versions.map(({ version, count }) => (
            <span key={version} className="chip">
              {version} × {count}
            </span>
          ))}
        </span>
      </td>
      <td>
        <span className="chips">
          {topo.map(({ idcName, count }) => (
            <span key={idcName} className="chip">
              {idcName} × {count}
            </span>
          ))}
        </span>
      </td>
      <td>
        <span className="chips">
          {obLinks.map(({ clusterId, clusterName }) => (
            <Link key={clusterId} href={`/oceanbase/${clusterId}`}>
              {clusterName}
            </Link>
          ))}
        </span>
      </td>
      <td className="mono">
        {address === null || address === '' ? '' : `${address}${port === null ? '' : `:${port}`}`}
      </td>
    </tr>
  );
}
