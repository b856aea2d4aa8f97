import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, call, newKey, query } from '../data/client';
import { useLacks } from '../data/session';
import type { HostFindingDocument } from '../data/types';
import { curlOf, obflowOf, withoutSecrets } from '../model/command';
import { blank, filled, filledPath, type JsonSchema, type Operation } from '../model/schema';
import { Act, Copy } from '../parts/basics';
import { TextField } from '../parts/field';
import { FormDialog } from '../parts/formDialog';
import { tell } from '../parts/toast';
import { useWords } from '../words';
import { useFormTexts } from '../words/forms';
import { Answered, tellsSomething } from './answered';
import { useChosen } from './choices';
import { Findings } from './findings';
import { Fields } from './formField';
import { useOperationName } from './operations';

/** What a form is about, and how people call it. */
export interface About {
  /** Of the request's path. */
  readonly values: Readonly<Record<string, string | number>>;
  readonly name?: string;
  /** What the body begins with, e.g. the OBProxies that were chosen. */
  readonly body?: Readonly<Record<string, unknown>>;
}

interface PlannedTask {
  readonly id: number;
  readonly name: string;
  readonly subtasks?: readonly unknown[];
  readonly tasks?: readonly unknown[];
}

/** What operations answer: one task, several, or nothing to wait for. */
interface OperationAnswer extends Partial<PlannedTask> {
  readonly contents?: readonly Partial<PlannedTask>[];
  readonly findings?: readonly HostFindingDocument[];
}

function tasksOf(answer: OperationAnswer | undefined): readonly PlannedTask[] {
  return [...(answer?.contents ?? []), ...(answer === undefined ? [] : [answer])].filter(isTask);
}

function isTask(part: Partial<PlannedTask>): part is PlannedTask {
  return part.id !== undefined && part.name !== undefined && (part.subtasks ?? part.tasks) !== undefined;
}

/** Of what a page has chosen, what this form asks for. */
function known(
  { properties = {} }: JsonSchema,
  chosen: About['body'] = {},
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(chosen).filter(([name]) => name in properties));
}

/**
 * Any operation: its form out of its schema, a dry run that shows tasks and findings, and then the same body under one
 * Idempotency-Key, so that it happens once however often it is sent.
 */
export function Wizard({
  operation,
  about,
  onClose,
}: {
  operation: Operation;
  about: About;
  onClose: () => void;
}) {
  const say = useWords();
  const lacks = useLacks();
  const client = useQueryClient();
  const [, go] = useLocation();
  const title = useOperationName()(operation);
  const texts = useFormTexts();
  const [value, setValue] = useState<unknown>(() =>
    operation.body === undefined
      ? undefined
      : { ...(blank(operation.body) as object), ...known(operation.body, about.body) },
  );
  const [key, setKey] = useState(newKey);
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState<unknown>({});
  const chosen = useChosen(operation.destructive ? operation.body : undefined, value, about.values);
  const names = operation.destructive ? confirmedBy(about, chosen, title) : undefined;
  const confirmed = names === undefined || typed === names;
  const parts = Object.entries((filled(asked) ?? {}) as Record<string, unknown>);
  const asks = Object.fromEntries(parts.map(([name, part]) => [name, String(part)]));
  /** @param looks nothing is lost by a look: it needs nobody's word */
  const pathWith = (looks: boolean) =>
    filledPath(operation.path, about.values) +
    query({
      ...asks,
      ...(operation.confirm ? { confirm: looks ? names : typed } : {}),
      ...(looks ? { dryRun: true } : {}),
    });
  const path = pathWith(false);
  const body = operation.body === undefined ? undefined : (filled(value) ?? {});
  const shown = withoutSecrets(body);
  const { method } = operation;
  const looking = useMutation({
    mutationFn: () => call<OperationAnswer | undefined>(method, pathWith(true), { body }),
  });
  const beginning = useMutation({
    mutationFn: () => call<OperationAnswer | undefined>(method, path, { body, key }),
    // Nobody answered: the same key makes one request of both.
    retry: (_count, error) => error instanceof ApiError && (error.status === 0 || error.status === 503),
    retryDelay: 1_000,
    onSuccess: (answer) => {
      void client.invalidateQueries({ queryKey: ['get'] });
      const begun = tasksOf(answer);
      const [only, ...more] = begun;
      // Done at once: what came of it stays to be read.
      if (only === undefined && tellsSomething(answer)) return;
      tell(`${title}: ${say(only === undefined ? 'wizard.done' : 'wizard.accepted')}`);
      onClose();
      if (only !== undefined) go(more.length === 0 ? `/tasks/${only.id}` : '/tasks');
    },
  });
  const change = (put: (next: unknown) => void) => (next: unknown) => {
    put(next);
    // Another body is another request.
    setKey(newKey());
    looking.reset();
    beginning.reset();
  };
  const error = beginning.error ?? looking.error;
  const wrong = new Map(
    error instanceof ApiError ? error.subErrors.map(({ field, message }) => [field, message]) : [],
  );
  // Of what is done at once a dry run answers nothing: that it was not refused is all.
  const ready = looking.isSuccess || !operation.dryRun;
  if (beginning.isSuccess && tasksOf(beginning.data).length === 0 && tellsSomething(beginning.data))
    return <Answered title={title} answer={beginning.data} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      send={say(ready ? 'wizard.begin' : 'wizard.look')}
      error={error}
      busy={looking.isPending || beginning.isPending}
      lacks={
        lacks(operation.permission) ??
        (!ready || confirmed ? undefined : say('confirm.type', { name: names ?? '' }))
      }
      danger={ready && operation.destructive}
      wide
      onSubmit={() => (ready ? beginning.mutate() : looking.mutate())}
      onClose={onClose}
      aside={
        <>
          <Copy
            label={say('command.curl')}
            text={() => curlOf({ method, path, body: shown }, location.origin, key)}
          />
          {operation.command === undefined ? null : (
            <Copy
              label={say('command.cli')}
              text={() =>
                obflowOf(operation.command ?? [], Object.values(about.values), shown, {
                  ...asks,
                  ...(operation.confirm ? { confirm: typed } : {}),
                })
              }
            />
          )}
          <Copy label={say('wizard.asJson')} text={() => JSON.stringify(shown ?? {}, null, 2)} />
        </>
      }
    >
      <p className="quiet">{texts.operation(operation)}</p>
      {operation.body === undefined ? null : (
        <Fields
          schema={operation.body}
          value={value}
          onChange={change(setValue)}
          wrong={wrong}
          path=""
          about={about.values}
        />
      )}
      {operation.query === undefined ? null : (
        <Fields
          schema={operation.query}
          value={asked}
          onChange={change(setAsked)}
          wrong={wrong}
          path=""
          about={about.values}
        />
      )}
      {looking.isPending ? (
        <p className="quiet" role="status">
          {say('wizard.looking')}
        </p>
      ) : null}
      {looking.isSuccess ? <Plan answer={looking.data ?? {}} /> : null}
      {!ready || names === undefined ? null : (
        <TextField label={say('confirm.type', { name: names })} value={typed} onChange={setTyped} required />
      )}
    </FormDialog>
  );
}

/** So many names are typed; of more, how many they are. */
const TYPED = 3;

/** What has to be typed before something is taken away, whatever it is: its name, by which people know it. */
function confirmedBy({ name, values }: About, chosen: readonly string[], title: string): string {
  if (name !== undefined) return name;
  if (chosen.length > TYPED) return String(chosen.length);
  if (chosen.length > 0) return chosen.join(', ');
  return String(Object.values(values).at(-1) ?? title);
}

/** So many tasks are named; more are counted. */
const SHOWN = 8;

function Plan({ answer }: { answer: OperationAnswer }) {
  const say = useWords();
  const tasks = tasksOf(answer);
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // It answers a promise in newer browsers, which an effect must not.
    void section.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <section ref={section} className="group plan" aria-label={say('wizard.plan')}>
      <h3>{say('wizard.plan')}</h3>
      {tasks.length === 0 ? <p>{say('wizard.noTasks')}</p> : null}
      <ul>
        {tasks.slice(0, SHOWN).map((task) => (
          <li key={task.id}>
            {task.name} · {say('wizard.subtasks', { n: (task.subtasks ?? task.tasks ?? []).length })}
          </li>
        ))}
        {tasks.length <= SHOWN ? null : <li>… {tasks.length}</li>}
      </ul>
      {answer.findings === undefined ? null : <Findings findings={answer.findings} />}
    </section>
  );
}

/** The buttons of operations, each of which opens its wizard. */
export function OperationButtons({
  operations,
  about,
  main,
}: {
  operations: readonly Operation[];
  about: About;
  /** The one that people look for first. */
  main?: string;
}) {
  const lacks = useLacks();
  const nameOf = useOperationName();
  const [open, setOpen] = useState<Operation>();
  return (
    <>
      {operations.map((operation) => (
        <Act
          key={operation.id}
          kind={operation.path.endsWith(main ?? '\n') ? 'main' : operation.destructive ? 'danger' : ''}
          lacks={lacks(operation.permission)}
          onClick={() => setOpen(operation)}
        >
          {nameOf(operation)}
        </Act>
      ))}
      {open === undefined ? null : (
        <Wizard key={open.id} operation={open} about={about} onClose={() => setOpen(undefined)} />
      )}
    </>
  );
}
