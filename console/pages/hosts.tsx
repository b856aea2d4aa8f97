import { Link, useSearchParams } from 'wouter';
import { query } from '../data/client';
import { useGet } from '../data/queries';
import type { HostDocument, PageOf } from '../data/types';
import { Empty, Loading, PageHead, Trouble } from '../parts/basics';
import { CheckButton } from '../parts/check';
import { Pager } from '../parts/pager';
import { Seen, StatusWord } from '../parts/state';
import { operationsAt, useOperations } from '../wizard/operations';
import { OperationButtons } from '../wizard/wizard';
import { useWords } from '../words';

const HOSTS = '/api/v2/compute/hosts';
const SIZE = 50;

export default function HostsPage() {
  const say = useWords();
  const [search, setSearch] = useSearchParams();
  const operations = useOperations();
  const keyword = search.get('keyword') ?? '';
  const page = Number(search.get('page') ?? 1);
  const { data, error } = useGet<PageOf<HostDocument>>(`${HOSTS}${query({ keyword, page, size: SIZE })}`);
  return (
    <>
      <PageHead title={say('nav.hosts')}>
        <OperationButtons
          operations={operationsAt(operations, HOSTS, [])}
          about={{ values: {} }}
          main="/batchCreate"
        />
      </PageHead>
      <search className="filters">
        <input
          aria-label={say('page.search')}
          placeholder={say('page.search')}
          value={keyword}
          onChange={(event) =>
            setSearch(event.target.value === '' ? {} : { keyword: event.target.value }, { replace: true })
          }
        />
      </search>
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <Trouble error={error} />
        )
      ) : data.contents.length === 0 ? (
        keyword === '' ? (
          <Empty title={say('hosts.none')} lead={say('hosts.noneLead')} />
        ) : (
          <Empty title={say('page.nothing')} />
        )
      ) : (
        <>
          <div className="table-frame">
            <table>
              <thead>
                <tr>
                  <th scope="col">{say('field.address')}</th>
                  <th scope="col">{say('observed.recorded')}</th>
                  <th scope="col">{say('observed.label')}</th>
                  <th scope="col">{say('hosts.idc')}</th>
                  <th scope="col">{say('hosts.system')}</th>
                  <th scope="col">{say('hosts.services')}</th>
                  <th scope="col">{say('page.actions')}</th>
                </tr>
              </thead>
              <tbody>
                {data.contents.map((host) => (
                  <Row key={host.id} host={host} operations={operationsAt(operations, HOSTS, ['hostId'])} />
                ))}
              </tbody>
            </table>
          </div>
          <Pager
            page={data.page}
            onPage={(to) => setSearch({ ...(keyword === '' ? {} : { keyword }), page: String(to) })}
          />
        </>
      )}
    </>
  );
}

function Row({ host, operations }: { host: HostDocument; operations: ReturnType<typeof operationsAt> }) {
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
            <span key={`${service.type} ${service.name}`} className="chip" title={service.type}>
              {service.name} {service.version}
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
