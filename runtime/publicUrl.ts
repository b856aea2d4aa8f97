import { isIPv4 } from 'node:net';

/**
 * Whether a host can only hear itself at OBFLOW_PUBLIC_URL: the address is loopback, or none at all (0.0.0.0 and :: lead to
 * loopback on Linux).
 */
export function leadsToItself(publicUrl: string): boolean {
  // The parser has brought every spelling of an address into one form.
  const hostname = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIPv4(hostname)) return /^(127|0)\./.test(hostname);
  return /^(::1?|::ffff:(7f[0-9a-f]{2}|0):[0-9a-f]{1,4}|(.*\.)?localhost)$/i.test(hostname);
}
