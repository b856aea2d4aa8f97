import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../data/client';
import { Act, Trouble } from '../parts/basics';
import { Dialog } from '../parts/dialog';
import { TextField } from '../parts/field';
import { tell } from '../parts/toast';
import { useWords } from '../words';

/** The own password; the session ends with it, as every login by the former one does. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const say = useWords();
  const [before, setBefore] = useState('');
  const [after, setAfter] = useState('');
  const change = useMutation({
    mutationFn: () =>
      call('PUT', '/api/v2/iam/me/password', { body: { oldPassword: before, newPassword: after } }),
    onSuccess: () => {
      tell(say('account.changed'));
      onClose();
    },
  });
  return (
    <Dialog title={say('account.password')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <div className="inside">
          <TextField
            label={say('account.oldPassword')}
            type="password"
            value={before}
            onChange={setBefore}
            required
          />
          <TextField
            label={say('account.newPassword')}
            type="password"
            value={after}
            onChange={setAfter}
            required
          />
          <Trouble error={change.error} title={say('account.password')} />
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
