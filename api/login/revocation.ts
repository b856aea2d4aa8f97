import { Refusal } from '../../operations/refusal';
import type { Logger } from '../../runtime/logger';
import { say } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import type { RouteDeclaration } from '../route';
import { type Login, requirePermission } from './auth';

/** One read of the database for everything that is open. */
const LOOK_MS = 1_000;
/** Who watches is not idle: so often an open stream counts as a use of its session. */
const USED_MS = 60_000;

interface Held {
  readonly login: Login;
  readonly route: Pick<RouteDeclaration, 'method' | 'path' | 'permission'>;
  readonly end: (refusal: Refusal) => void;
}

/**
 * Logins under which an answer goes on for long. Every second they are compared with the users and access keys of the
 * database, so that what was taken from a user ends for open streams as for new requests, on every API process.
 */
export class OpenLogins {
  readonly #users: Store['users'];
  readonly #sessions: Store['sessions'];
  readonly #logger: Logger;
  readonly #held = new Set<Held>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #used = Date.now();

  constructor({ store, logger }: { readonly store: Store; readonly logger: Logger }) {
    this.#users = store.users;
    this.#sessions = store.sessions;
    this.#logger = logger;
  }

  /**
   * Calls `end` at most once, with what a new request would be refused with (401, 403), as soon as it would be. To be
   * released when the answer has ended.
   */
  hold(login: Login, route: Held['route'], end: (refusal: Refusal) => void): { release(): void } {
    const held: Held = { login, route, end };
    this.#held.add(held);
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref();
    return { release: () => this.#release(held) };
  }

  /** Throws Refusal 401 or 403 when a new request would be refused by now. */
  async refuseEnded(login: Login, route: Held['route']): Promise<void> {
    const [roles] = await this.#users.rolesUnder([login.basis]);
    const refusal = refusalOf({ login, route }, roles);
    if (refusal !== undefined) throw refusal;
  }

  #release(held: Held): void {
    this.#held.delete(held);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const all = [...this.#held];
      const roles = await this.#users.rolesUnder(all.map(({ login }) => login.basis));
      all.forEach((held, index) => {
        const refusal = refusalOf(held, roles[index]);
        if (refusal === undefined || !this.#held.has(held)) return;
        this.#release(held);
        this.#logger.info(
          { user: held.login.user.name, path: held.route.path, code: refusal.code },
          'ended an answer whose login no longer permits it',
        );
        held.end(refusal);
      });
      await this.#noteUse();
    } catch (error) {
      // Nobody can take anything from a user meanwhile; the next look is a second away.
      this.#logger.debug({ err: error }, 'the logins of open streams could not be looked at');
    } finally {
      this.#looking = false;
    }
  }

  async #noteUse(): Promise<void> {
    const now = Date.now();
    if (now - this.#used < USED_MS) return;
    this.#used = now;
    const digests = [...this.#held].flatMap(({ login: { basis } }) =>
      'sessionDigest' in basis && basis.sessionDigest !== undefined ? [basis.sessionDigest] : [],
    );
    await this.#sessions.used([...new Set(digests)], now);
  }
}

function refusalOf(
  { login, route }: Pick<Held, 'login' | 'route'>,
  roles: readonly string[] | undefined,
): Refusal | undefined {
  if (roles === undefined) {
    return new Refusal(401, 'IAM10000', say('login.ended'));
  }
  try {
    requirePermission({ user: login.user, roles }, route);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
