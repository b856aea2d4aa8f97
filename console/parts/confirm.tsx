import { useState } from 'react';
import { useWords } from '../words';
import { TextField } from './field';
import { FormDialog } from './formDialog';

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
  const lacks = typed === name ? undefined : asked;
  return (
    <FormDialog {...{ title, send: title, busy, error, lacks, danger: true, onSubmit: onConfirm, onClose }}>
      <TextField label={asked} value={typed} onChange={setTyped} required />
    </FormDialog>
  );
}
