import { useMutation } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useState } from 'react';
import { ApiError, call, newKey } from '../data/client';
import { useLacks } from '../data/session';
import type { SubtaskInstance, WrappedTaskInstance } from '../data/types';
import { curlOf } from '../model/command';
import { kindOfTask } from '../model/kind';
import { Act, Copy } from '../parts/basics';
import { TextField } from '../parts/field';
import { FormDialog } from '../parts/formDialog';
import { tell } from '../parts/toast';
import { useWords, type WordKey } from '../words';
import { commandLine, commandPath, isDangerous, type WayOut } from './waysOut';

/** Asks why, says what happens, and sends the command once, however often it is sent. */
function CommandDialog({
  task,
  way,
  onClose,
}: {
  task: WrappedTaskInstance;
  way: WayOut;
  onClose: () => void;
}) {
  const say = useWords();
  const [why, setWhy] = useState('');
  const [typed, setTyped] = useState('');
  const [key] = useState(newKey);
  const now = kindOfTask(task);
  const [before] = useState(now);
  const name = say(wordOf(way));
  const subtask = task.subtasks.find(({ id }) => id === way.subtaskId);
  const needsName = way.verb === 'abandon';
  const asked = say('confirm.type', { name: task.id });
  const body = why === '' ? {} : { why };
  const path = commandPath(task.id, way);
  const sending = useMutation({
    mutationFn: () => call('POST', path, { body, key }),
    // Nobody answered: the same key makes one command of both.
    retry: (_count, error) => error instanceof ApiError && (error.status === 0 || error.status === 503),
    retryDelay: 1_000,
    onSuccess: () => {
      tell(say('command.sent', { command: name }));
      onClose();
    },
  });
  return (
    <FormDialog
      title={name}
      send={name}
      refused={say('command.refused', { command: name })}
      error={sending.error}
      busy={sending.isPending}
      lacks={needsName && typed !== String(task.id) ? asked : undefined}
      danger={isDangerous(way)}
      onSubmit={() => sending.mutate()}
      onClose={onClose}
      aside={
        <>
          <Copy label={say('command.cli')} text={() => commandLine(task.id, way, why)} />
          <Copy
            label={say('command.curl')}
            text={() => curlOf({ method: 'POST', path, body }, location.origin)}
          />
        </>
      }
    >
      <p>
        <strong>{subtask === undefined ? task.name : `${subtask.name}${targetOf(subtask)}`}</strong>
      </p>
      <p>{way.meaning}</p>
      {before === now ? null : (
        <p className="trouble" role="alert">
          {say('command.changed', { state: say(`task.kind.${now}`) })}
        </p>
      )}
      <TextField
        label={say('command.why')}
        value={why}
        onChange={setWhy}
        placeholder={say('command.whyExample')}
      />
      {needsName ? <TextField label={asked} value={typed} onChange={setTyped} required /> : null}
    </FormDialog>
  );
}

function targetOf({ target }: SubtaskInstance): string {
  return target === undefined ? '' : ` · ${target}`;
}

const Asking = createContext<(way: WayOut) => void>(() => undefined);

/**
 * Holds the dialog of whatever command is asked for below it: the button that opened it goes away as soon as somebody else
 * has commanded the task, and the dialog has to stay to say so.
 */
export function CommandsOf({ task, children }: { task: WrappedTaskInstance; children: ReactNode }) {
  const [way, setWay] = useState<WayOut>();
  return (
    <Asking value={setWay}>
      {children}
      {way === undefined ? null : (
        <CommandDialog
          key={`${way.verb} ${way.subtaskId ?? ''}`}
          task={task}
          way={way}
          onClose={() => setWay(undefined)}
        />
      )}
    </Asking>
  );
}

function wordOf({ verb, subtaskId }: WayOut): WordKey {
  return `command.${subtaskId === undefined ? 'task' : 'subtask'}.${verb}` as WordKey;
}

/** The button of a way out. */
export function WayButton({ way, first = false }: { way: WayOut; first?: boolean }) {
  const say = useWords();
  const lacks = useLacks();
  const ask = useContext(Asking);
  return (
    <Act
      kind={isDangerous(way) ? 'danger' : first ? 'main' : ''}
      lacks={lacks('TASK_MANAGER')}
      onClick={() => ask(way)}
    >
      {say(wordOf(way))}
    </Act>
  );
}
