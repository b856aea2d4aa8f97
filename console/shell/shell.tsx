import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Link, useLocation } from 'wouter';
import { connection } from '../data/connection';
import { useLiveTasks } from '../data/liveTasks';
import { useGet } from '../data/queries';
import { type SessionState, useLacks, useMe } from '../data/session';
import type { PageOf } from '../data/types';
import { Icon, type IconName } from '../parts/icon';
import { Notes, tell } from '../parts/toast';
import { useWords, type WordKey } from '../words';
import { Mark } from './brand';
import { LanguageChoice } from './languageChoice';
import { PasswordDialog } from './passwordDialog';
import { chooseTheme, chosenTheme, THEMES, type Theme } from './theme';

interface Place {
  readonly path: string;
  readonly word: WordKey;
  readonly icon: IconName;
  readonly permission?: string;
}

const PLACES: readonly (Place | undefined)[] = [
  { path: '/', word: 'nav.overview', icon: 'overview' },
  { path: '/tasks', word: 'nav.tasks', icon: 'tasks', permission: 'TASK_VIEWER' },
  { path: '/obproxy', word: 'nav.obproxy', icon: 'obproxy', permission: 'OBPROXY_VIEWER' },
  { path: '/oceanbase', word: 'nav.oceanbase', icon: 'oceanbase', permission: 'CLUSTER_VIEWER' },
  { path: '/hosts', word: 'nav.hosts', icon: 'hosts', permission: 'HOST_VIEWER' },
  { path: '/packages', word: 'nav.packages', icon: 'packages', permission: 'PACKAGE_VIEWER' },
  undefined,
  { path: '/users', word: 'nav.users', icon: 'users', permission: 'ADMIN' },
  { path: '/keys', word: 'nav.keys', icon: 'keys' },
  { path: '/audit', word: 'nav.audit', icon: 'audit', permission: 'AUDIT_VIEWER' },
];

function useReachable(): boolean {
  return useSyncExternalStore(connection.subscribe, () => connection.reachable);
}

export function Banner() {
  const say = useWords();
  if (useReachable()) return null;
  return (
    <div className="banner" role="alert">
      <Icon name="running" turning /> {say('connection.lost')}
    </div>
  );
}

/** Tasks that wait for a person, beside the way to them. */
function WaitingBadge() {
  const say = useWords();
  const { data } = useGet<PageOf<unknown>>('/api/v2/tasks/instances?waiting=true&size=1');
  const count = data?.page.totalElements ?? 0;
  if (count === 0) return null;
  return (
    <span className="badge" title={say('tasks.filter.waiting')}>
      {count}
    </span>
  );
}

export function Shell({ session, children }: { session: SessionState; children: ReactNode }) {
  const say = useWords();
  const lacks = useLacks();
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // The page of a task has a stream of its own.
  useLiveTasks(!/^\/tasks\/./.test(location));
  const place = `/${location.split('/')[1] ?? ''}`;
  // Who goes to another page by keyboard begins at its top, not in the menu.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [location]);
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {say('nav.skip')}
      </button>
      <aside className="side">
        <Link href="/" className="brand">
          <Mark /> {say('app.name')}
        </Link>
        <nav aria-label={say('nav.pages')}>
          {PLACES.map((one) =>
            one === undefined ? (
              <hr key="rule" />
            ) : lacks(one.permission) !== undefined ? null : (
              <Link key={one.path} href={one.path} aria-current={place === one.path ? 'page' : undefined}>
                <Icon name={one.icon} /> {say(one.word)}
                {one.path === '/tasks' ? <WaitingBadge /> : null}
              </Link>
            ),
          )}
        </nav>
        <Account session={session} />
      </aside>
      <div>
        <Banner />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <Notes />
    </div>
  );
}

function Account({ session }: { session: SessionState }) {
  const say = useWords();
  const me = useMe();
  const [theme, setTheme] = useState(chosenTheme);
  const [changing, setChanging] = useState(false);
  return (
    <div className="account">
      <button type="button" className="plain" popoverTarget="account-menu">
        <Icon name="user" /> <span>{me.name}</span>
      </button>
      <div id="account-menu" className="menu" popover="auto">
        <strong>{say('login.as', { name: me.name })}</strong>
        <span className="roles">{me.roles.join(', ')}</span>
        <LanguageChoice />
        <select
          aria-label={say('theme.label')}
          value={theme}
          onChange={(event) => {
            const chosen = event.target.value as Theme;
            chooseTheme(chosen);
            setTheme(chosen);
          }}
        >
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {say(`theme.${one}`)}
            </option>
          ))}
        </select>
        <button
          type="button"
          onClick={() => {
            document.getElementById('account-menu')?.hidePopover();
            setChanging(true);
          }}
        >
          {say('account.password')}
        </button>
        <button
          type="button"
          onClick={() => {
            session.logOut().catch((error: unknown) => tell(String(error)));
          }}
        >
          {say('login.out')}
        </button>
      </div>
      {changing ? <PasswordDialog onClose={() => setChanging(false)} /> : null}
    </div>
  );
}
