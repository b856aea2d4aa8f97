import { execFileSync } from 'node:child_process';
import path from 'node:path';

export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A self-signed certificate for 127.0.0.1 and localhost, made by openssl; it is its own CA. */
export function makeCertificate(folder: string, name: string, days = 30): Pair {
  const certFile = path.join(folder, `${name}.pem`);
  const keyFile = path.join(folder, `${name}.key`);
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', certFile, '-days', String(days), ...subject], {
    stdio: 'ignore',
  });
  return { certFile, keyFile };
}
