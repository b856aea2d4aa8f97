import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../data/client';
import { useGet } from '../data/queries';
import { useMe } from '../data/session';
import type { PageOf, UserDocument } from '../data/types';
import { Act, PageHead, Trouble } from '../parts/basics';
import { Checks } from '../parts/checks';
import { ConfirmDialog } from '../parts/confirm';
import { TextField } from '../parts/field';
import { FormDialog } from '../parts/formDialog';
import { Asked, Table } from '../parts/listed';
import { TimeText } from '../parts/time';
import { useWords } from '../words';

const USERS = '/api/v2/iam/users';

interface Role {
  readonly name: string;
  readonly permissions: readonly string[];
}

export default function UsersPage() {
  const say = useWords();
  const [adding, setAdding] = useState(false);
  const found = useGet<PageOf<UserDocument>>(`${USERS}?size=500`);
  return (
    <>
      <PageHead title={say('nav.users')}>
        <Act kind="main" icon="plus" onClick={() => setAdding(true)}>
          {say('users.add')}
        </Act>
      </PageHead>
      {adding ? <UserDialog onClose={() => setAdding(false)} /> : null}
      <Asked of={found}>
        {(data) => (
          <Table columns={['field.name', 'field.status', 'users.roles', 'field.created', 'page.actions']}>
            {data.contents.map((user) => (
              <Row key={user.id} user={user} />
            ))}
          </Table>
        )}
      </Asked>
    </>
  );
}

function useChange(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ method, path, body }: { method: string; path: string; body?: unknown }) =>
      call(method, path, body === undefined ? {} : { body }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['get'] });
      onDone();
    },
  });
}

function Row({ user }: { user: UserDocument }) {
  const say = useWords();
  const me = useMe();
  const [open, setOpen] = useState<'roles' | 'password' | 'delete'>();
  const change = useChange(() => setOpen(undefined));
  const { id, name, enabled, roles } = user;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <span className={`state pill tone-${enabled ? 'good' : 'still'}`}>
          {say(enabled ? 'users.enabled' : 'users.disabled')}
        </span>
      </td>
      <td>
        <span className="chips">
          {roles.map((role) => (
            <span key={role} className="chip">
              {role}
            </span>
          ))}
        </span>
      </td>
      <td className="number">
        <TimeText time={user.createTime} />
      </td>
      <td>
        <span className="actions">
          <Act onClick={() => setOpen('roles')}>{say('users.setRoles')}</Act>
          <Act onClick={() => setOpen('password')}>{say('users.setPassword')}</Act>
          <Act
            busy={change.isPending}
            onClick={() =>
              change.mutate({ method: 'POST', path: `${USERS}/${id}/${enabled ? 'disable' : 'enable'}` })
            }
          >
            {say(enabled ? 'users.disable' : 'users.enable')}
          </Act>
          {id === me.id ? null : (
            <Act kind="danger" onClick={() => setOpen('delete')}>
              {say('do.delete')}
            </Act>
          )}
        </span>
        {open === undefined ? <Trouble error={change.error} title={name} /> : null}
        {open === 'delete' ? (
          <ConfirmDialog
            title={say('do.delete')}
            name={name}
            busy={change.isPending}
            error={change.error}
            onConfirm={() => change.mutate({ method: 'DELETE', path: `${USERS}/${id}` })}
            onClose={() => setOpen(undefined)}
          />
        ) : open === undefined ? null : (
          <UserDialog user={user} only={open} onClose={() => setOpen(undefined)} />
        )}
      </td>
    </tr>
  );
}

/** A new user; or of one that there is, its roles or its password. */
function UserDialog({
  user,
  only,
  onClose,
}: {
  user?: UserDocument;
  only?: 'roles' | 'password';
  onClose: () => void;
}) {
  const say = useWords();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [roles, setRoles] = useState<readonly string[]>(user?.roles ?? []);
  const known = useGet<{ contents: readonly Role[] }>('/api/v2/iam/roles', { refresh: false });
  const change = useChange(onClose);
  const title =
    only === undefined ? say('users.add') : say(only === 'roles' ? 'users.setRoles' : 'users.setPassword');
  return (
    <FormDialog
      title={user === undefined ? title : `${title}: ${user.name}`}
      send={say('do.save')}
      error={change.error}
      busy={change.isPending}
      onClose={onClose}
      onSubmit={() => {
        if (user === undefined)
          change.mutate({ method: 'POST', path: USERS, body: { name, password, roles } });
        else if (only === 'roles')
          change.mutate({ method: 'PUT', path: `${USERS}/${user.id}/roles`, body: { roles } });
        else change.mutate({ method: 'PUT', path: `${USERS}/${user.id}/password`, body: { password } });
      }}
    >
      {user === undefined ? (
        <TextField label={say('login.name')} value={name} onChange={setName} required />
      ) : null}
      {only === 'roles' ? null : (
        <TextField
          label={say('login.password')}
          type="password"
          value={password}
          onChange={setPassword}
          required
        />
      )}
      {only === 'password' ? null : (
        <fieldset className="field group">
          <legend>{say('users.roles')}</legend>
          <Checks
            options={(known.data?.contents ?? []).map((role) => ({
              value: role.name,
              label: <span title={role.permissions.join(', ')}>{role.name}</span>,
            }))}
            chosen={roles}
            onChange={setRoles}
          />
        </fieldset>
      )}
    </FormDialog>
  );
}
