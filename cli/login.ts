import { randomUUID } from 'node:crypto';
import { SIGNATURE_SCHEME, signatureOf, stringToSign } from '../api/login/signature';
import type { CLIENT_SETTINGS } from '../runtime/clientSettings';
import type { ValuesOf } from '../runtime/setting';

/** A request as it is about to be sent. */
export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly contentType?: string;
  /** MD5 of its body as `bodyDigest` makes it; asked for by who signs. */
  readonly bodyMd5: () => Promise<string>;
}

/** How the `obflow` command says who it is. */
export interface ClientLogin {
  /** User name or access key id. */
  readonly name: string;
  /** What to check when the API does not believe it. */
  readonly hint: string;
  /** Of the user, when that is how it logs in. */
  readonly password?: string;
  /** The headers that say it, made anew for every request that is sent. */
  headers(request: Outgoing): Promise<Record<string, string>>;
}

/** The login of an access key, else of user and password. Throws Error when a secret is missing. */
export function clientLogin(settings: ValuesOf<typeof CLIENT_SETTINGS>, base: string): ClientLogin {
  const { accessKeyId, accessKeySecret, user, password } = settings;
  if (accessKeyId !== undefined) {
    if (accessKeySecret !== undefined) return signing(accessKeyId, accessKeySecret);
    throw new Error(`Set OBFLOW_ACCESS_KEY_SECRET to the secret of access key ${accessKeyId} at ${base}.`);
  }
  if (password === undefined) {
    throw new Error(
      `Set OBFLOW_PASSWORD to the password of ${user} at ${base}, or OBFLOW_ACCESS_KEY_ID and OBFLOW_ACCESS_KEY_SECRET.`,
    );
  }
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return {
    name: user,
    password,
    hint: `Check OBFLOW_USER (${user}) and OBFLOW_PASSWORD.`,
    headers: async () => ({ authorization }),
  };
}

function signing(accessKeyId: string, secret: string): ClientLogin {
  return {
    name: accessKeyId,
    hint: `Check OBFLOW_ACCESS_KEY_ID (${accessKeyId}), OBFLOW_ACCESS_KEY_SECRET and this machine's clock.`,
    async headers({ method, url, contentType = '', bodyMd5 }) {
      const date = new Date().toUTCString();
      // Tells apart what is sent twice in a second: a signature is good once.
      const nonce = randomUUID();
      const text = stringToSign({
        method,
        target: `${url.pathname}${url.search}`,
        contentType,
        date,
        host: url.host,
        rawHeaders: ['x-ocp-nonce', nonce],
        bodyMd5: await bodyMd5(),
      });
      const authorization = `${SIGNATURE_SCHEME} ${accessKeyId}:${signatureOf(secret, text)}`;
      return { authorization, date, 'x-ocp-nonce': nonce };
    },
  };
}
