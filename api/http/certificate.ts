import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { PermanentError } from '../../runtime/errors';
import type { HttpSettings } from '../../runtime/httpSettings';
import type { Logger } from '../../runtime/logger';

type TlsFiles = NonNullable<HttpSettings['tls']>;

/** Files on network shares and mounted secrets (symbolic links that are swapped) tell no watcher: they are looked at. */
const LOOK_MS = 2_000;
const SOON_MS = 14 * 86_400_000;

/** What a listener needs of certificate and key. */
export interface Certificate {
  readonly options: SecureContextOptions;
  /** `SHA-256` fingerprint of the certificate itself, as openssl x509 -fingerprint prints it. */
  readonly fingerprint: string;
  readonly validTo: Date;
}

function unusable(where: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({ type: 'CertificateUnusable', tried: 'use TLS', where, cameBack, next });
}

function pem(file: string, variable: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const cameBack =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'this user may not read it'
          : String(code);
    throw unusable(file, cameBack, `Correct ${variable} or the file's rights.`);
  }
}

function privateKey(file: string, text: Buffer): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    // OpenSSL's own texts name neither file nor cause.
    const sealed = /ENCRYPTED/.test(text.toString('latin1'));
    throw unusable(
      file,
      sealed ? 'the key is protected by a passphrase' : 'the file holds no private key in PEM form',
      sealed
        ? 'Remove the passphrase (openssl pkey -in … -out …) and keep the file readable for this user only.'
        : 'Let OBFLOW_TLS_KEY name the PEM file of the private key.',
    );
  }
}

/**
 * Reads certificate (with its chain) and key. Throws PermanentError, naming file and variable, when one is missing,
 * unreadable, of the wrong kind, or the key is another certificate's.
 */
export function readCertificate({ certFile, keyFile }: TlsFiles): Certificate {
  const cert = pem(certFile, 'OBFLOW_TLS_CERT');
  const key = pem(keyFile, 'OBFLOW_TLS_KEY');
  let first: X509Certificate;
  try {
    first = new X509Certificate(cert);
  } catch {
    throw unusable(
      certFile,
      'the file holds no certificate in PEM form',
      'Let OBFLOW_TLS_CERT name the PEM file of the certificate, followed by its chain.',
    );
  }
  if (!first.checkPrivateKey(privateKey(keyFile, key))) {
    throw unusable(
      certFile,
      `the key in ${keyFile} belongs to another certificate`,
      'Give both of one pair; the server’s own certificate must be the first of its file.',
    );
  }
  return { options: { cert, key }, fingerprint: first.fingerprint256, validTo: new Date(first.validTo) };
}

/** Says how long the certificate lasts: a warning in its last two weeks and when it is over. */
export function tellValidity({ validTo, fingerprint }: Certificate, logger: Logger): void {
  const left = validTo.getTime() - Date.now();
  const event = { validTo: validTo.toISOString(), fingerprint };
  if (left < 0) logger.warn(event, 'the TLS certificate has expired: clients will refuse it');
  else if (left < SOON_MS) logger.warn(event, 'the TLS certificate expires soon');
  else logger.info(event, 'TLS certificate read');
}

export interface CertificateWatch {
  /** Reads both files now. */
  reload(): void;
  stop(): void;
}

/** Changes whenever a file is written or replaced. Never throws: a network share may be away for a while. */
function state({ certFile, keyFile }: TlsFiles): string {
  return [certFile, keyFile].map(stateOfFile).join(' ');
}

function stateOfFile(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino}/${size}/${mtimeMs}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/**
 * Calls `take` with the new certificate when one of the files has changed. A pair that cannot be used (the first of
 * two files was written a moment ago) is told to the log, and the former one stays in use.
 */
export function watchCertificate(
  files: TlsFiles,
  logger: Logger,
  take: (certificate: Certificate) => void,
): CertificateWatch {
  let seen = state(files);
  const reload = () => {
    seen = state(files);
    try {
      const certificate = readCertificate(files);
      take(certificate);
      tellValidity(certificate, logger);
    } catch (error) {
      logger.error(
        { err: error },
        'the TLS files have changed but cannot be used; the former ones stay in use',
      );
    }
  };
  const timer = setInterval(() => {
    if (state(files) !== seen) reload();
  }, LOOK_MS).unref();
  return { reload, stop: () => clearInterval(timer) };
}
