import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../data/client';
import { TextField } from '../parts/field';
import { FormDialog } from '../parts/formDialog';
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
    <FormDialog
      title={say('account.password')}
      send={say('do.save')}
      error={change.error}
      busy={change.isPending}
      onSubmit={() => change.mutate()}
      onClose={onClose}
    >
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
    </FormDialog>
  );
}
