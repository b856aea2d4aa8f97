import type { Request } from 'express';
import { addressText } from '../../runtime/addressText';
import { ownAddress, type RuntimeConfig } from '../../runtime/config';

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** Address of this server in answers and tasks: where it listens, or this machine's own when it listens everywhere. */
export function serverAddress(listen: RuntimeConfig['listen']): string {
  const [first] = listen;
  if (first !== undefined && !WILDCARDS.includes(first.host)) return first.host;
  return ownAddress();
}

/** URL under which a person on this machine reaches a listener. */
export function listenerUrl(host: string, port: number, tls = false): string {
  const reachable = WILDCARDS.includes(host) ? '127.0.0.1' : host;
  return `${tls ? 'https' : 'http'}://${addressText(reachable, port)}`;
}

/**
 * Where a request comes from: the other end of the connection or, when that is a proxy of OBFLOW_TRUSTED_PROXIES, what
 * it says. An IPv4 address is written as one also on a dual-stack socket.
 */
export function clientAddress(request: Request): string {
  return (request.ip ?? request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
