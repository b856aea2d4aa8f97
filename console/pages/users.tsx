import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../data/client';
import { useGet } from '../data/queries';
import { useMe } from '../data/session';
import type { PageOf, UserDocument } from '../data/types';
import { Act, Loading, PageHead, Trouble } from '../parts/basics';
import { ConfirmDialog } from '../parts/confirm';
import { Dialog } from '../parts/dialog';
import { TextField } from '../parts/field';
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
  const { data, error } = useGet<PageOf<UserDocument>>(`${USERS}?size=500`);
  return (
    <>
      <PageHead title={say('nav.users')}>
        <Act kind="main" icon="plus" onClick={() => setAdding(true)}>
          {say('users.add')}
        </Act>
      </PageHead>
      {adding ? <UserDialog onClose={() => setAdding(false)} /> : null}
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <Trouble error={error} />
        )
      ) : (
        <div className="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{say('field.name')}</th>
                <th scope="col">{say('field.status')}</th>
                <th scope="col">{say('users.roles')}</th>
                <th scope="col">{say('field.created')}</th>
                <th scope="col">{say('page.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {data.contents.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
        </div>
      )}
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
    <Dialog title={user === undefined ? title : `${title}: ${user.name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (user === undefined)
            change.mutate({ method: 'POST', path: USERS, body: { name, password, roles } });
          else if (only === 'roles')
            change.mutate({ method: 'PUT', path: `${USERS}/${user.id}/roles`, body: { roles } });
          else change.mutate({ method: 'PUT', path: `${USERS}/${user.id}/password`, body: { password } });
        }}
      >
        <div className="inside">
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
              <div className="picks">
                {known.data?.contents.map((role) => (
                  <label key={role.name}>
                    <input
                      type="checkbox"
                      checked={roles.includes(role.name)}
                      onChange={(event) =>
                        setRoles(
                          event.target.checked
                            ? [...roles, role.name]
                            : roles.filter((other) => other !== role.name),
                        )
                      }
                    />
                    <span title={role.permissions.join(', ')}>{role.name}</span>
                  </label>
                ))}
              </div>
            </fieldset>
          )}
          <Trouble error={change.error} title={title} />
        </div>
        <footer>
          <Act onClick={onClose}>{say('do.cancel')}</Act>
          <Act type="submit" kind="main" busy={change.isPending}>
            {say('do.save')}
          </Act>
        </footer>
      </form>
    </Dialog>
  );
}
