import { readFileSync } from 'node:fs';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { CLIENT_SETTINGS } from '../runtime/clientSettings';
import { ConfigError, readSettings } from '../runtime/setting';

const ANSWER_MS = 10_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Lets requests of this process trust the CA of OBFLOW_CA_FILE beside the usual ones. NODE_EXTRA_CA_CERTS does the same,
 * but only for who sets it before Node starts. Throws ConfigError when the file cannot be used.
 */
export async function trustCaFile(env: NodeJS.ProcessEnv): Promise<void> {
  const { file } = readSettings({ file: CLIENT_SETTINGS.caFile }, env);
  if (file === undefined) return;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError([`OBFLOW_CA_FILE names ${file}, which cannot be read (${code}).`]);
  }
  const certificates = text.match(CERTIFICATE);
  if (certificates === null) {
    throw new ConfigError([`OBFLOW_CA_FILE names ${file}, which holds no certificate in PEM form.`]);
  }
  // Node 20's fetch takes its certificates from a dispatcher only, and brings no class to make one.
  const { Agent, setGlobalDispatcher } = await import('undici');
  setGlobalDispatcher(new Agent({ connect: { ca: [...rootCertificates, ...certificates] } }));
}

/**
 * Status of GET /api/status of this process's own API. Its certificate is not looked at: it is made for the name that
 * clients use, not for the address this process listens on.
 */
export function ownStatus(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    const request = get(
      `${url}/api/status`,
      { rejectUnauthorized: false, agent: false, timeout: ANSWER_MS },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    request.on('error', reject);
  });
}
