import { useEffect, useSyncExternalStore } from 'react';
import { Icon } from './icon';

interface Note {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6_000;
const listeners = new Set<() => void>();
let notes: readonly Note[] = [];
let lastId = 0;

function become(next: readonly Note[]): void {
  notes = next;
  for (const listener of listeners) listener();
}

/** Says in passing that something has been done. What went wrong belongs beside what was asked. */
export function tell(text: string): void {
  lastId += 1;
  become([...notes, { id: lastId, text }]);
}

export function Notes() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notes,
  );
  return (
    <div className="notes" role="status">
      {shown.map((note) => (
        <OneNote key={note.id} note={note} />
      ))}
    </div>
  );
}

function OneNote({ note }: { note: Note }) {
  useEffect(() => {
    const timer = setTimeout(() => become(notes.filter(({ id }) => id !== note.id)), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [note.id]);
  return (
    <p className="note">
      <Icon name="done" /> {note.text}
    </p>
  );
}
