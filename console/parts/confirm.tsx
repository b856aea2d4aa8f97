import { useState } from 'react';
import { useWords } from '../words';
import { Act, Trouble } from './basics';
import { Dialog } from './dialog';
import { TextField } from './field';

/** Asks for the name of what is lost. */
export function ConfirmDialog({
  title,
  name,
  busy,
  error,
  onConfirm,
  onClose,
}: {
  title: string;
  name: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}) {
  const say = useWords();
  const [typed, setTyped] = useState('');
  const asked = say('confirm.type', { name });
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) onConfirm();
        }}
      >
        <div className="inside">
          <TextField label={asked} value={typed} onChange={setTyped} required />
          <Trouble error={error} title={title} />
        </div>
        <footer>
          <Act onClick={onClose}>{say('do.cancel')}</Act>
          <Act type="submit" kind="danger" busy={busy} lacks={typed === name ? undefined : asked}>
            {title}
          </Act>
        </footer>
      </form>
    </Dialog>
  );
}
