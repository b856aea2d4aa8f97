import http from 'node:http';
import { bodyDigest, SIGNATURE_SCHEME, signatureOf, stringToSign } from '../../api/login/signature';
import type { Answer } from './harness';

export interface Pair {
  readonly accessKeyId: string;
  readonly secret: string;
}

/** A request as its client signs it. Times a Date header may have are up to the test. */
export interface Signed {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string | string[]>;
  readonly body?: Buffer | string;
}

/** The request with its Authorization header. `at` in milliseconds since 1970. */
export function signed(
  url: string,
  { accessKeyId, secret }: Pair,
  request: Omit<Signed, 'headers'> & { headers?: Record<string, string | string[]> },
  at = Date.now(),
): Signed {
  const headers: Record<string, string | string[]> = {
    host: new URL(url).host,
    date: new Date(at).toUTCString(),
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...request.headers,
  };
  const text = stringToSign({
    method: request.method,
    target: request.target,
    contentType: String(headers['content-type'] ?? ''),
    date: String(headers.date),
    host: String(headers.host),
    rawHeaders: Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().flatMap((value) => [name, value]),
    ),
    bodyMd5: bodyDigest(Buffer.from(request.body ?? '')),
  });
  headers.authorization = `${SIGNATURE_SCHEME} ${accessKeyId}:${signatureOf(secret, text)}`;
  return { ...request, headers };
}

/** Sends it exactly so, Host and Date included, which fetch would set itself. */
export function send(url: string, { method, target, headers, body }: Signed): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = http.request(
      { hostname, port, method, path: target, headers: { ...headers, ...length }, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const json = response.headers['content-type']?.includes('json') ? JSON.parse(text) : undefined;
          const shown = Object.entries(response.headers).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]);
          resolve({ status: response.statusCode ?? 0, body: json, headers: new Headers(shown), text });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
