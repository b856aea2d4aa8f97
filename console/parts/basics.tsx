import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../data/client';
import { useWords } from '../words';
import { Icon, type IconName } from './icon';

/** A button that says why it cannot be pressed, instead of being gone. */
export function Act({
  children,
  onClick,
  lacks,
  icon,
  kind = '',
  busy = false,
  type = 'button',
}: {
  children: ReactNode;
  onClick?: () => void;
  /** Why it is disabled; undefined: it is not. */
  lacks?: string | undefined;
  icon?: IconName;
  kind?: '' | 'main' | 'danger' | 'plain';
  busy?: boolean;
  type?: 'button' | 'submit';
}) {
  // aria-disabled, not disabled: it stays reachable by the keyboard, and a screen reader reads why.
  const off = lacks !== undefined || busy;
  return (
    <button
      type={type}
      className={kind}
      aria-disabled={off || undefined}
      title={lacks}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.();
      }}
    >
      {busy ? <Icon name="running" turning /> : icon === undefined ? null : <Icon name={icon} />}
      <span>{children}</span>
      {lacks === undefined ? null : <span className="unseen">{lacks}</span>}
    </button>
  );
}

const COPIED_MS = 1_500;

/** Copies a text; also where the page has no TLS, and the browser no clipboard for it. */
export function Copy({
  text,
  label,
  icon = 'copy',
}: {
  text: string | (() => string);
  label?: string;
  icon?: IconName;
}) {
  const say = useWords();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="plain"
      onClick={async () => {
        await toClipboard(typeof text === 'string' ? text : text());
        setCopied(true);
      }}
    >
      <Icon name={copied ? 'done' : icon} />
      <span aria-live="polite">{copied ? say('do.copied') : (label ?? say('do.copy'))}</span>
    </button>
  );
}

async function toClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Refused to this page: the older way is left.
    }
  }
  const field = document.createElement('textarea');
  field.value = text;
  const holder = document.querySelector('dialog[open]') ?? document.body;
  holder.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

/** Nothing here yet, and what to do first. */
export function Empty({ title, lead, children }: { title: string; lead?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {lead === undefined ? null : <p>{lead}</p>}
      {children}
    </div>
  );
}

/** What was refused: the API's own words, every field that does not fit, and the id that its log has. */
export function Trouble({ error, title }: { error: unknown; title?: string }) {
  const say = useWords();
  if (error === null || error === undefined) return null;
  const { subErrors, traceId, code, heldBy } =
    error instanceof ApiError ? error : { subErrors: [], traceId: '', code: '', heldBy: undefined };
  // What a browser says of a network is English, and says less.
  const message =
    error instanceof ApiError && error.status === 0
      ? say('connection.none')
      : error instanceof Error
        ? error.message
        : String(error);
  return (
    <div className="trouble" role="alert">
      <strong>{title ?? say('page.failed')}</strong>
      <p>
        {code === '' ? '' : `${code}: `}
        {message}
      </p>
      {heldBy === undefined ? null : (
        <p>
          <Link href={`/tasks/${heldBy}`}>{say('wizard.open', { id: heldBy })}</Link>
        </p>
      )}
      {subErrors.length === 0 ? null : (
        <ul>
          {subErrors.map((one) => (
            <li key={`${one.field} ${one.message}`}>
              <code>{one.field}</code> {one.message}
            </li>
          ))}
        </ul>
      )}
      {traceId === '' ? null : <p className="quiet small">{say('page.trace', { id: traceId })}</p>}
    </div>
  );
}

export function Loading() {
  const say = useWords();
  return (
    <p className="loading" role="status">
      <Icon name="running" turning /> {say('page.loading')}
    </p>
  );
}

/** The head of a page: what it is, and what can be done. */
export function PageHead({
  title,
  lead,
  children,
}: {
  title: ReactNode;
  lead?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className="page-head">
      <div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p className="quiet">{lead}</p>}
      </div>
      {children === undefined ? null : <div className="actions">{children}</div>}
    </header>
  );
}

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly label: ReactNode;
}

/** Tabs as a screen reader expects them: one stop for the Tab key, arrows go from one to the next. */
export function Tabs<Id extends string>({
  tabs,
  chosen,
  onChoose,
  label,
}: {
  tabs: readonly Tab<Id>[];
  chosen: Id;
  onChoose: (id: Id) => void;
  label: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  return (
    <div
      role="tablist"
      aria-label={label}
      className="tabs"
      ref={list}
      onKeyDown={(event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        const at = tabs.findIndex(({ id }) => id === chosen);
        const next = tabs[(at + step + tabs.length) % tabs.length];
        if (next === undefined) return;
        onChoose(next.id);
        list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
      }}
    >
      {tabs.map(({ id, label: text }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-${id}`}
          data-tab={id}
          aria-selected={id === chosen}
          aria-controls={`panel-${id}`}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** Bar of what is done of how many. */
export function Progress({
  done,
  failed,
  all,
  label,
}: {
  done: number;
  failed: number;
  all: number;
  label: string;
}) {
  const share = (count: number) => `${all === 0 ? 0 : (count / all) * 100}%`;
  return (
    <span className="progress" title={label}>
      <span className="bar" aria-hidden="true">
        <span className="tone-good" style={{ width: share(done) }} />
        <span className="tone-bad" style={{ width: share(failed) }} />
      </span>
      <span className="number">{label}</span>
    </span>
  );
}
