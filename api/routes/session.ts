import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { fault, say } from '../../runtime/messages/catalogue';
import { NoData } from '../http/answers';
import { refuseClearText } from '../http/clearText';
import { refuseOtherSites, requireOwnSite } from '../http/crossSite';
import { noteFailedLogin, triedUser } from '../login/auth';
import { clearSessionCookie, SESSION_PATH, sessionToken, setSessionCookie } from '../login/session';
import { type ApiServices, type Route, route } from '../route';
import { MeDocument, meDocument } from './me';

const tag = 'Users';
const word = z.string().min(1, fault('must.charactersAtLeast', { limit: 1 }));
const Login = z.object({
  username: word.max(256, fault('must.charactersAtMost', { limit: 256 })),
  password: word.max(256, fault('must.charactersAtMost', { limit: 256 })),
});

/** Log-in and log-out of browsers, by a cookie. */
export function sessionRoutes({ store, config, checkPassword }: ApiServices): Route[] {
  const open = { path: SESSION_PATH, permission: undefined, tag } as const;
  return [
    route(
      {
        ...open,
        method: 'POST',
        summary: 'Log in',
        description:
          'For browsers: sets the cookie `__Host-obflow` (`obflow` without TLS), HttpOnly and SameSite=Strict, which logs in ' +
          'later requests for 12 hours, and for an hour after the last of them. A request that changes something must come ' +
          'from a page of the same origin (Sec-Fetch-Site or Origin).',
        body: Login,
        answer: MeDocument,
        refuses: [401, 403],
      },
      async ({ body, request, notes }) => {
        refuseClearText(request, config.http);
        refuseOtherSites(request);
        const name = body.username;
        const user = await checkPassword({ name, password: body.password }, request).catch(
          async (error: unknown) => {
            await noteFailedLogin(notes, () => triedUser(store, name));
            throw error;
          },
        );
        Object.assign(notes, { user: { id: user.id, name: user.name }, command: 'login: session' });
        const token = await store.sessions.begin(user.basis, Date.now());
        const row = await store.users.find(user.id);
        if (request.res === undefined || row === undefined) {
          throw new Refusal(401, 'IAM10000', say('login.ended'));
        }
        setSessionCookie(request, request.res, token);
        return meDocument(row);
      },
    ),
    route(
      {
        ...open,
        method: 'DELETE',
        summary: 'Log out',
        description:
          'Ends the session of the cookie at once, and with it its open streams. Without a session nothing happens.',
        answer: NoData,
        refuses: [403],
      },
      async ({ request, notes }) => {
        const token = sessionToken(request);
        notes.command = 'logout';
        if (token !== undefined) {
          requireOwnSite(request);
          const user = await store.sessions.end(token);
          if (user !== undefined) notes.user = user;
        }
        if (request.res !== undefined) clearSessionCookie(request, request.res);
      },
    ),
  ];
}
