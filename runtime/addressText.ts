/**
 * An address and its port as text, and back. Every list of root servers, URL, SQL statement, log line, target and command
 * line is written and read by these (test/project/addressText.test.ts looks for others), because an IPv6 address needs
 * brackets wherever a port follows it: OBProxy, observers, URLs and Prometheus all read `[::1]:2881`.
 */
import { isIP, isIPv6 } from 'node:net';

/** The address as it stands in front of a port or in a URL: IPv6 in brackets, everything else as it is. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `10.0.0.1:2881`, `[2001:db8::1]:2881`; with several ports one after the other, as observers list root servers. */
export function addressText(host: string, ...ports: readonly (number | string)[]): string {
  return [hostText(canonicalHost(host)), ...ports].join(':');
}

/** An OBServer as its cluster names it, by its RPC port: `10.0.0.1:2882`. */
export function rpcAddress({ ip, rpcPort }: { readonly ip: string; readonly rpcPort: number }): string {
  return addressText(ip, rpcPort);
}

export interface ParsedAddress {
  /** Without brackets; IPv6 in its shortest form, so that two ways of writing one are equal. */
  readonly host: string;
  /** In the order of the text; each 0 to 65535. */
  readonly ports: readonly number[];
}

/** IPv6 in its shortest form, lower case; everything else as it is. */
export function canonicalHost(host: string): string {
  return isIPv6(host) && !host.includes('%') ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host;
}

/**
 * Reads what addressText writes. Undefined for a text that is none: no port, a port that is no number, brackets around
 * anything but IPv6, or IPv6 without brackets, of which the port cannot be told.
 */
export function parseAddress(text: string): ParsedAddress | undefined {
  const [, bracketed, plain, list = ''] = /^(?:\[([^\]]*)\]|([^[\]:\s]+))((?::\d{1,5})+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  const ports = list.slice(1).split(':').map(Number);
  if (ports.some((port) => port > 65_535)) return undefined;
  return { host: canonicalHost(host), ports };
}
