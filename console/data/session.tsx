import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { useWords } from '../words';
import { ApiError, call, onLoggedOut } from './client';
import type { MeDocument, Permission } from './types';

/** Who is logged in, and what it may do. */
export type Me = MeDocument;

const ME = '/api/v2/iam/me';
const SESSION = '/api/v2/iam/session';

/**
 * Whether somebody has logged in here: without that nobody is asked for, since a browser prints a line in red for every
 * 401. It is no proof of anything; the cookie is.
 */
const HINT = 'obflow.loggedIn';

const Session = createContext<Me | undefined>(undefined);

/** Nobody is logged in, and nothing is left of what was shown. Not by `clear`: who watches the login would not be told. */
function forget(client: QueryClient): void {
  client.setQueryData(['me'], null);
  client.removeQueries({ predicate: ({ queryKey: [kind] }) => kind !== 'me' });
}

export interface SessionState {
  readonly me: Me | undefined;
  /** Not known yet. */
  readonly pending: boolean;
  /** Why somebody who was logged in is not any more. */
  readonly ended: string;
  logIn(username: string, password: string): Promise<void>;
  logOut(): Promise<void>;
}

export function useSessionState(): SessionState {
  const client = useQueryClient();
  const [ended, setEnded] = useState('');
  const { data, isPending } = useQuery({
    queryKey: ['me'],
    // Nobody logged in is an answer, not a failure; without one the question stands until the API is there.
    queryFn: async ({ signal }) => {
      if (localStorage.getItem(HINT) === null) return null;
      try {
        return await call<Me>('GET', ME, { signal, isLogin: true });
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        localStorage.removeItem(HINT);
        return null;
      }
    },
    retry: true,
    retryDelay: 1_000,
    staleTime: 30_000,
  });
  useEffect(() => {
    onLoggedOut((why) => {
      // A page that nobody has logged in to asks nothing; what comes late from before is no news.
      if (client.getQueryData(['me']) == null) return;
      setEnded(why);
      localStorage.removeItem(HINT);
      forget(client);
    });
  }, [client]);
  return {
    me: data ?? undefined,
    pending: isPending,
    ended,
    async logIn(username, password) {
      const me = await call<Me>('POST', SESSION, { body: { username, password }, isLogin: true });
      setEnded('');
      localStorage.setItem(HINT, '1');
      client.setQueryData(['me'], me);
    },
    async logOut() {
      await call('DELETE', SESSION);
      localStorage.removeItem(HINT);
      forget(client);
    },
  };
}

export function SessionOf({ me, children }: { me: Me; children: ReactNode }) {
  return <Session value={me}>{children}</Session>;
}

/** Who is logged in, below the login. */
export function useMe(): Me {
  const me = useContext(Session);
  if (me === undefined) throw new Error('nobody is logged in here');
  return me;
}

/** Undefined when the permission is there, else the sentence that says what is missing. */
export function useLacks(): (permission: Permission | string | undefined) => string | undefined {
  const say = useWords();
  const { permissions } = useMe();
  return (permission) =>
    permission === undefined || permission === 'AUTHENTICATED' || permissions.includes(permission)
      ? undefined
      : say('lacks.permission', { permission });
}
