import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call, newKey } from '../data/client';
import { useGet } from '../data/queries';
import type { AccessKeyDocument, NewAccessKeyDocument } from '../data/types';
import { Act, Copy, Empty, Loading, PageHead, Trouble } from '../parts/basics';
import { ConfirmDialog } from '../parts/confirm';
import { Dialog } from '../parts/dialog';
import { TextField } from '../parts/field';
import { TimeText } from '../parts/time';
import { useWords } from '../words';

const KEYS = '/api/v2/iam/me/accessKeys';

/** The own access keys. */
export default function KeysPage() {
  const say = useWords();
  const [adding, setAdding] = useState(false);
  const { data, error } = useGet<{ contents: readonly AccessKeyDocument[] }>(KEYS);
  const add = (
    <Act kind="main" icon="plus" onClick={() => setAdding(true)}>
      {say('keys.add')}
    </Act>
  );
  return (
    <>
      <PageHead title={say('nav.keys')}>{add}</PageHead>
      {adding ? <NewKey onClose={() => setAdding(false)} /> : null}
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <Trouble error={error} />
        )
      ) : data.contents.length === 0 ? (
        <Empty title={say('keys.none')} lead={say('keys.noneLead')} />
      ) : (
        <div className="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{say('keys.id')}</th>
                <th scope="col">{say('field.description')}</th>
                <th scope="col">{say('field.status')}</th>
                <th scope="col">{say('field.created')}</th>
                <th scope="col">{say('keys.used')}</th>
                <th scope="col">{say('page.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {data.contents.map((key) => (
                <Row key={key.id} accessKey={key} />
              ))}
            </tbody>
          </table>
        </div>
      )}
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
    <Dialog title={say('keys.add')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (made === undefined) adding.mutate();
          else onClose();
        }}
      >
        <div className="inside">
          {made === undefined ? (
            <TextField label={say('field.description')} value={description} onChange={setDescription} />
          ) : (
            <>
              <p>{say('keys.secret')}</p>
              <p>
                <code>{made.accessKeyId}</code> <Copy text={made.accessKeyId} />
              </p>
              <p>
                <code>{made.accessKeySecret}</code> <Copy text={made.accessKeySecret} />
              </p>
            </>
          )}
          <Trouble error={adding.error} title={say('keys.add')} />
        </div>
        <footer>
          <Act type="submit" kind="main" busy={adding.isPending}>
            {say(made === undefined ? 'do.add' : 'do.close')}
          </Act>
        </footer>
      </form>
    </Dialog>
  );
}
