import type { Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { permits } from '../../operations/roles';
import type { Permission } from '../../operations/types';
import { say } from '../../runtime/messages/catalogue';
import type { KnownUser, LoginBasis, Store, User } from '../../store/types';
import type { AuditNotes } from '../http/audit';
import { requireOwnSite } from '../http/crossSite';
import { basicLogin, type PasswordLogin } from './passwordLogin';
import { sessionToken, sessionUser } from './session';
import { claimedSignature, SIGNATURE_SCHEME } from './signature';
import type { BodyProof } from './signedBody';
import { signedLogin } from './signedLogin';

/** Who sends a request. */
export interface Login {
  /** Id and name only: goes into plans and documents. */
  readonly user: User;
  readonly roles: readonly string[];
  readonly basis: LoginBasis;
  /** The body as sent, when it had to be read for the login. */
  readonly body?: Buffer;
  /** Of a signed upload: nothing may be kept before it is settled. */
  readonly proof?: BodyProof;
}

/** Finds out who sends a request. Throws Refusal 401, and 429 after too many failures; notes whose login it was. */
export type Authenticate = (request: Request, response: Response, notes: AuditNotes) => Promise<Login>;

/** HTTP Basic, a signature under an access key, or else the cookie of a session. */
export function authentication(store: Store, byPassword: PasswordLogin): Authenticate {
  const bySignature = signedLogin(store);

  async function login(request: Request, response: Response): Promise<Login> {
    const authorization = request.get('authorization');
    const basic = basicLogin(authorization);
    if (basic !== undefined) return loginOf(await byPassword(basic, request));
    const claim = claimedSignature(authorization);
    if (claim !== undefined) {
      const { user, ...rest } = await bySignature(claim, request, response);
      return { ...loginOf(user), ...rest };
    }
    const token = (authorization ?? '') === '' ? sessionToken(request) : undefined;
    if (token !== undefined) {
      requireOwnSite(request);
      return loginOf(await sessionUser(store, token));
    }
    throw new Refusal(
      401,
      'IAM10000',
      say('login.needed', { forms: `"Basic …" or "${SIGNATURE_SCHEME} <access key id>:<signature>"` }),
    );
  }

  return async (request, response, notes) => {
    try {
      return await login(request, response);
    } catch (error) {
      await noteFailedLogin(notes, () => triedName(store, request.get('authorization')));
      throw error;
    }
  };
}

function loginOf({ id, name, roles, basis }: KnownUser): Login {
  return { user: { id, name }, roles, basis };
}

/** For the audit: that it was a login, and whose. */
export async function noteFailedLogin(
  notes: AuditNotes,
  tried: () => Promise<string | undefined>,
): Promise<void> {
  notes.command = 'login';
  const whose = await tried();
  if (whose !== undefined) notes.why = `as ${whose}`;
}

/** Whose login failed: for the audit, which must not record what was typed unless there is a user of that name. */
export async function triedUser({ users }: Pick<Store, 'users'>, name: string): Promise<string | undefined> {
  return (await users.exists(name).catch(() => false)) ? `user ${name}` : undefined;
}

async function triedName(store: Store, authorization: string | undefined): Promise<string | undefined> {
  const name = basicLogin(authorization)?.name;
  if (name !== undefined) return triedUser(store, name);
  const claim = claimedSignature(authorization);
  return claim === undefined ? undefined : `access key ${claim.accessKeyId}`;
}

/** The user of a login; undefined while the signature of an upload is unproven, for then anybody may have sent it. */
export function provenUser(login: Pick<Login, 'user' | 'proof'> | undefined): User | undefined {
  return login?.proof?.proven === false ? undefined : login?.user;
}

/** Throws Refusal 403 unless the roles include what the route asks for. */
export function requirePermission(
  login: Pick<Login, 'user' | 'roles' | 'proof'>,
  route: { readonly method: string; readonly path: string; readonly permission: Permission | undefined },
): void {
  const { roles } = login;
  if (route.permission === undefined || permits(roles, route.permission)) return;
  // Whoever knows a key's id may have sent what is unproven: it must not learn whose key that is.
  const who = login.proof?.proven === false ? say('login.userOfKey') : login.user.name;
  const has =
    login.proof?.proven === false
      ? say('login.lacks')
      : say('login.hasRoles', { roles: roles.length === 0 ? say('login.noRole') : roles.join(', ') });
  throw new Refusal(
    403,
    'IAM11000',
    say('login.needsPermission', {
      method: route.method,
      path: route.path,
      permission: route.permission,
      who,
      has,
    }),
    { target: route.permission },
  );
}
