import type { ReactNode } from 'react';
import { useWords } from '../words';
import { Act, Trouble } from './basics';
import { Dialog } from './dialog';

/** A dialog that asks for something and sends it: what was refused stands beside what was typed. */
export function FormDialog({
  title,
  send,
  error,
  refused = title,
  busy,
  lacks,
  danger = false,
  wide = false,
  aside,
  onSubmit,
  onClose,
  children,
}: {
  title: string;
  /** What the button that sends it says. */
  send: string;
  error: unknown;
  /** Above what was refused. */
  refused?: string;
  busy: boolean;
  /** Why it cannot be sent. */
  lacks?: string | undefined;
  danger?: boolean;
  wide?: boolean;
  aside?: ReactNode;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const say = useWords();
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (lacks === undefined) onSubmit();
        }}
      >
        <div className="inside">
          {children}
          <Trouble error={error} title={refused} />
        </div>
        <footer>
          {aside === undefined ? null : <span className="aside">{aside}</span>}
          <Act onClick={onClose}>{say('do.cancel')}</Act>
          <Act type="submit" kind={danger ? 'danger' : 'main'} busy={busy} lacks={lacks}>
            {send}
          </Act>
        </footer>
      </form>
    </Dialog>
  );
}
