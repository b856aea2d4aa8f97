import { Link, useSearchParams } from 'wouter';
import { query } from '../data/client';
import { useGet } from '../data/queries';
import type { HostDocument, PageOf } from '../data/types';
import type { Operation } from '../model/schema';
import { Empty, PageHead } from '../parts/basics';
import { CheckButton } from '../parts/check';
import { Listed, Table } from '../parts/listed';
import { Pager } from '../parts/pager';
import { Search, useKeyword } from '../parts/search';
import { Seen, StatusWord } from '../parts/state';
import { useOffered } from '../wizard/operations';
import { OperationButtons } from '../wizard/wizard';
import { useWords } from '../words';

const HOSTS = '/api/v2/compute/hosts';
const SIZE = 50;

export default function HostsPage() {
  const say = useWords();
  const [search, setSearch] = useSearchParams();
  const [ofAll, ofOne] = [useOffered('hosts'), useOffered('host')];
  const keyword = useKeyword();
  const page = Number(search.get('page') ?? 1);
  const found = useGet<PageOf<HostDocument>>(`${HOSTS}${query({ keyword, page, size: SIZE })}`);
  return (
    <>
      <PageHead title={say('nav.hosts')}>
        <OperationButtons operations={ofAll} about={{ values: {} }} main="/batchCreate" />
      </PageHead>
      <Search />
      <Listed
        of={found}
        empty={
          keyword === '' ? (
            <Empty title={say('hosts.none')} lead={say('hosts.noneLead')} />
          ) : (
            <Empty title={say('page.nothing')} />
          )
        }
      >
        {(data) => (
          <>
            <Table
              columns={[
                'field.address',
                'observed.recorded',
                'observed.label',
                'hosts.idc',
                'hosts.system',
                'hosts.services',
                'page.actions',
              ]}
            >
              {data.contents.map((host) => (
                <Row key={host.id} host={host} operations={ofOne} />
              ))}
            </Table>
            <Pager
              page={data.page}
              onPage={(to) => setSearch({ ...(keyword === '' ? {} : { keyword }), page: String(to) })}
            />
          </>
        )}
      </Listed>
    </>
  );
}

function Row({ host, operations }: { host: HostDocument; operations: readonly Operation[] }) {
  const say = useWords();
  const { id, innerIpAddress: ip, alias, name, status, observed, services } = host;
  return (
    <tr>
      <th scope="row">
        <span className="mono">{ip}</span>
        <div className="quiet small">{alias ?? name ?? ''}</div>
      </th>
      <td>
        <StatusWord status={status} />
      </td>
      <td>
        <Seen observed={observed} />
      </td>
      <td>
        {host.idcName}
        <div className="quiet small">{host.regionName}</div>
      </td>
      <td>
        {host.operatingSystemRelease ?? ''}
        <div className="quiet small">{host.architecture ?? ''}</div>
      </td>
      <td>
        <span className="chips">
          {services.map((service) => (
            <span key={`${service.type} ${service.clusterId}`} className="chip" title={service.type}>
              <Link href={`/${service.type === 'OB_PROXY' ? 'obproxy' : 'oceanbase'}/${service.clusterId}`}>
                {service.name}
              </Link>{' '}
              {service.version}
            </span>
          ))}
        </span>
      </td>
      <td>
        <span className="actions">
          <Link href={`/tasks${query({ hostId: id, host: ip })}`} aria-label={say('hosts.tasksOf', { ip })}>
            {say('hosts.tasks')}
          </Link>
          <CheckButton path={`${HOSTS}/${id}/check`} name={ip} />
          <OperationButtons operations={operations} about={{ values: { hostId: id }, name: ip }} />
        </span>
      </td>
    </tr>
  );
}
