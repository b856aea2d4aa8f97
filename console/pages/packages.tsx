import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import { call, newKey, query } from '../data/client';
import { useGet } from '../data/queries';
import { useLacks } from '../data/session';
import type { ListedPackage, PageOf } from '../data/types';
import { uploadPackage } from '../data/upload';
import { Act, Empty, PageHead, Trouble } from '../parts/basics';
import { ConfirmDialog } from '../parts/confirm';
import { Icon } from '../parts/icon';
import { Listed, Table } from '../parts/listed';
import { Search, useKeyword } from '../parts/search';
import { TimeText } from '../parts/time';
import { useWords } from '../words';

const PACKAGES = '/api/v2/software-packages';
const MB = 1024 ** 2;

export default function PackagesPage() {
  const say = useWords();
  const keyword = useKeyword();
  const found = useGet<PageOf<ListedPackage>>(`${PACKAGES}${query({ keyword, size: 500 })}`);
  return (
    <>
      <PageHead title={say('nav.packages')} />
      <Drop />
      <Search />
      <Listed
        of={found}
        empty={
          keyword === '' ? (
            <Empty title={say('packages.none')} lead={say('packages.noneLead')} />
          ) : (
            <Empty title={say('page.nothing')} />
          )
        }
      >
        {(data) => (
          <Table
            columns={[
              'field.name',
              'field.version',
              'packages.for',
              'packages.size',
              'field.created',
              'packages.usedBy',
              'page.actions',
            ]}
          >
            {data.contents.map((one) => (
              <Row key={one.id} one={one} />
            ))}
          </Table>
        )}
      </Listed>
    </>
  );
}

interface Upload {
  readonly id: string;
  readonly name: string;
  /** 0 to 1. */
  readonly sent: number;
  readonly state: 'under way' | 'done' | 'failed';
  readonly error?: unknown;
}

function Drop() {
  const say = useWords();
  const lacks = useLacks()('PACKAGE_MANAGER');
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const put = (id: string, change: Partial<Upload>) =>
    setUploads((before) => before.map((one) => (one.id === id ? { ...one, ...change } : one)));
  const take = async (files: FileList | null) => {
    for (const file of files ?? []) {
      const id = newKey();
      setUploads((before) => [{ id, name: file.name, sent: 0, state: 'under way' }, ...before]);
      try {
        await uploadPackage(file, (sent) => put(id, { sent }));
        put(id, { state: 'done', sent: 1 });
      } catch (error) {
        put(id, { state: 'failed', error });
      }
      await client.invalidateQueries({ queryKey: ['get'] });
    }
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button in it does the same for the keyboard */}
      <div
        className={over ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(lacks === undefined);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          if (lacks === undefined) void take(event.dataTransfer.files);
        }}
      >
        <Icon name="upload" /> {say('packages.drop')}
        <Act lacks={lacks} onClick={() => input.current?.click()}>
          {say('packages.choose')}
        </Act>
        <input
          ref={input}
          type="file"
          accept=".rpm"
          multiple
          hidden
          aria-label={say('packages.choose')}
          onChange={(event) => void take(event.target.files)}
        />
      </div>
      <div role="status">
        {uploads.map((one) =>
          one.state === 'failed' ? (
            <Trouble key={one.id} error={one.error} title={one.name} />
          ) : (
            <p key={one.id} className="quiet">
              {one.state === 'done'
                ? say('packages.uploaded', { name: one.name })
                : one.sent === 1
                  ? say('packages.checking', { name: one.name })
                  : say('packages.uploading', { name: one.name, percent: Math.floor(one.sent * 100) })}
            </p>
          ),
        )}
      </div>
    </>
  );
}

/** What keeps it, each the way there. */
function Users({ one: { usedBy } }: { one: ListedPackage }) {
  const say = useWords();
  if (usedBy.length === 0) return <span className="quiet">{say('packages.unused')}</span>;
  return (
    <ul className="plain-list">
      {usedBy.map(({ kind, id, name, servers = 0 }) => (
        <li key={`${kind} ${id}`}>
          {kind === 'TASK' ? (
            <Link href={`/tasks/${id}`}>
              {say('task.id', { id })} {name}
            </Link>
          ) : (
            <>
              <Link href={`/${kind === 'OB_CLUSTER' ? 'oceanbase' : 'obproxy'}/${id}`}>{name}</Link>{' '}
              <span className="quiet number">
                {say(kind === 'OB_CLUSTER' ? 'packages.observers' : 'packages.obproxies', { n: servers })}
              </span>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function Row({ one }: { one: ListedPackage }) {
  const say = useWords();
  const lacks = useLacks();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const removing = useMutation({
    mutationFn: () => call('DELETE', `${PACKAGES}/${one.id}`),
    onSuccess: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: ['get'] });
    },
  });
  return (
    <tr>
      <th scope="row">
        <span className="mono">{one.fileName}</span>
        <div className="quiet small">{one.type}</div>
      </th>
      <td>
        {one.version}-{one.buildNumber}
      </td>
      <td>
        {one.operatingSystem ?? ''} {one.architecture}
      </td>
      <td className="number">{(one.size / MB).toFixed(1)} MB</td>
      <td className="number">
        <TimeText time={one.createTime} />
      </td>
      <td>
        <Users one={one} />
      </td>
      <td>
        <span className="actions">
          <a
            href={`/api/v2/files/sys-package/${encodeURIComponent(one.fileName)}`}
            download
            aria-label={`${say('packages.download')} ${one.fileName}`}
          >
            {say('packages.download')}
          </a>
          <Act
            kind="danger"
            lacks={lacks('PACKAGE_MANAGER') ?? (one.deletable ? undefined : say('packages.inUse'))}
            onClick={() => setAsking(true)}
          >
            {say('do.delete')}
          </Act>
        </span>
        {asking ? (
          <ConfirmDialog
            title={say('do.delete')}
            name={one.fileName}
            busy={removing.isPending}
            error={removing.error}
            onConfirm={() => removing.mutate()}
            onClose={() => setAsking(false)}
          />
        ) : null}
      </td>
    </tr>
  );
}
