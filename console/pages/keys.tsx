import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call, newKey } from '../data/client';
import { useGet } from '../data/queries';
import type { AccessKeyDocument, NewAccessKeyDocument } from '../data/types';
import { Act, Copy, Empty, PageHead, Trouble } from '../parts/basics';
import { ConfirmDialog } from '../parts/confirm';
import { TextField } from '../parts/field';
import { FormDialog } from '../parts/formDialog';
import { Listed, Table } from '../parts/listed';
import { TimeText } from '../parts/time';
import { useWords } from '../words';

const KEYS = '/api/v2/iam/me/accessKeys';

/** The own access keys. */
export default function KeysPage() {
  const say = useWords();
  const [adding, setAdding] = useState(false);
  const found = useGet<{ contents: readonly AccessKeyDocument[] }>(KEYS);
  const add = (
    <Act kind="main" icon="plus" onClick={() => setAdding(true)}>
      {say('keys.add')}
    </Act>
  );
  return (
    <>
      <PageHead title={say('nav.keys')}>{add}</PageHead>
      {adding ? <NewKey onClose={() => setAdding(false)} /> : null}
      <Listed of={found} empty={<Empty title={say('keys.none')} lead={say('keys.noneLead')} />}>
        {(data) => (
          <Table
            columns={[
              'keys.id',
              'field.description',
              'field.status',
              'field.created',
              'keys.used',
              'page.actions',
            ]}
          >
            {data.contents.map((key) => (
              <Row key={key.id} accessKey={key} />
            ))}
          </Table>
        )}
      </Listed>
    </>
  );
}

function Row({ accessKey }: { accessKey: AccessKeyDocument }) {
  const say = useWords();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { id, accessKeyId, enabled } = accessKey;
  const change = useMutation({
    mutationFn: ({ method, path }: { method: string; path: string }) => call(method, `${KEYS}/${id}${path}`),
    onSuccess: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: ['get'] });
    },
  });
  return (
    <tr>
      <th scope="row" className="mono">
        {accessKeyId}
      </th>
      <td>{accessKey.description ?? ''}</td>
      <td>
        <span className={`state pill tone-${enabled ? 'good' : 'still'}`}>
          {say(enabled ? 'users.enabled' : 'users.disabled')}
        </span>
      </td>
      <td className="number">
        <TimeText time={accessKey.createTime} />
      </td>
      <td className="number">
        {accessKey.lastUsedTime === null ? say('time.never') : <TimeText time={accessKey.lastUsedTime} />}
      </td>
      <td>
        <span className="actions">
          <Act onClick={() => change.mutate({ method: 'POST', path: enabled ? '/disable' : '/enable' })}>
            {say(enabled ? 'users.disable' : 'users.enable')}
          </Act>
          <Act kind="danger" onClick={() => setAsking(true)}>
            {say('do.delete')}
          </Act>
        </span>
        {asking ? null : <Trouble error={change.error} title={accessKeyId} />}
        {asking ? (
          <ConfirmDialog
            title={say('do.delete')}
            name={accessKeyId}
            busy={change.isPending}
            error={change.error}
            onConfirm={() => change.mutate({ method: 'DELETE', path: '' })}
            onClose={() => setAsking(false)}
          />
        ) : null}
      </td>
    </tr>
  );
}

function NewKey({ onClose }: { onClose: () => void }) {
  const say = useWords();
  const client = useQueryClient();
  const [description, setDescription] = useState('');
  const [requestKey] = useState(newKey);
  const adding = useMutation({
    mutationFn: () => call<NewAccessKeyDocument>('POST', KEYS, { body: { description }, key: requestKey }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['get'] }),
  });
  const made = adding.data;
  return (
    <FormDialog
      title={say('keys.add')}
      send={say(made === undefined ? 'do.add' : 'do.close')}
      error={adding.error}
      busy={adding.isPending}
      onSubmit={() => (made === undefined ? adding.mutate() : onClose())}
      onClose={onClose}
    >
      {made === undefined ? (
        <TextField label={say('field.description')} value={description} onChange={setDescription} />
      ) : (
        <>
          <p>{say('keys.secret')}</p>
          {[made.accessKeyId, made.accessKeySecret].map((text) => (
            <p key={text}>
              <code>{text}</code> <Copy text={text} />
            </p>
          ))}
        </>
      )}
    </FormDialog>
  );
}
