import { createHash } from 'node:crypto';
import type { PinHostKey } from './types';

/** `SHA256:…` of a public key blob, as `ssh-keygen -l` prints it. */
function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Kind of a public key blob, e.g. `ssh-ed25519`: its first length-prefixed string (RFC 4253 §6.6). */
function kindOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

/** Padding and blanks that people copy along do not matter. */
export function sameFingerprint(a: string, b: string): boolean {
  const plain = (text: string) => text.trim().replace(/=+$/, '');
  return plain(a) === plain(b);
}

/** What happened when a host showed its key. */
export interface HostKeyCheck {
  /** Fingerprint and kind of the key shown. */
  shown?: { readonly fingerprint: string; readonly kind: string };
  /** The key that counts and was not shown. */
  expected?: string;
  /** Why the key could not be pinned. */
  failure?: unknown;
}

/**
 * The verifier given to ssh2, which accepts any key silently without one. A pinned key is compared; at first
 * contact the key is pinned by compare-and-set, and the key that counts afterwards is compared.
 */
export function hostKeyVerifier(
  hostId: number,
  pinned: string | undefined,
  pin: PinHostKey,
  check: HostKeyCheck,
): (key: Buffer, verify: (valid: boolean) => void) => void {
  return (key, verify) => {
    const fingerprint = fingerprintOf(key);
    check.shown = { fingerprint, kind: kindOf(key) };
    const compare = (expected: string) => {
      const same = sameFingerprint(expected, fingerprint);
      if (!same) check.expected = expected;
      verify(same);
    };
    if (pinned !== undefined) {
      compare(pinned);
      return;
    }
    pin(hostId, fingerprint).then(compare, (error: unknown) => {
      check.failure = error;
      verify(false);
    });
  };
}
