/** Where Temporal is; apart from runtime/temporal.ts, which takes a tenth of a second to load. */
import { parseAddress } from './addressText';

/**
 * Channel arguments for a server on this machine: grpc-js asks for it through http_proxy, https_proxy or grpc_proxy of the
 * environment unless no_proxy names it, and a proxy cannot reach it. Any other server is asked for as they say.
 */
export function withoutProxy(address: string): { 'grpc.enable_http_proxy'?: 0 } {
  return isHere(address) ? { 'grpc.enable_http_proxy': 0 } : {};
}

export function isHere(address: string): boolean {
  const host = parseAddress(address)?.host ?? address;
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Whether the environment names a Temporal to use; without one `obflow up` starts a dev server of its own. */
export function temporalIsConfigured(env: NodeJS.ProcessEnv = process.env): boolean {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some(
    (name) => (env[name] ?? '') !== '',
  );
}
