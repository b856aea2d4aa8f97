/**
 * What an API of a data folder was told to be reached at: `obflow doctor` is called in another terminal, where
 * OBFLOW_PUBLIC_URL need not be set.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { namesPublicUrl, type RuntimeConfig } from '../runtime/config';

const fileIn = (dataDir: string) => path.join(dataDir, 'public-url');

export function keepPublicUrl({ dataDir, publicUrl }: RuntimeConfig): void {
  writeFileSync(fileIn(dataDir), `${publicUrl}\n`, { mode: 0o600 });
}

/** The configuration with the URL that the API of its data folder has, unless this environment names one. */
export function withKeptPublicUrl(config: RuntimeConfig, env: NodeJS.ProcessEnv): RuntimeConfig {
  if (namesPublicUrl(env)) return config;
  try {
    const publicUrl = readFileSync(fileIn(config.dataDir), 'utf8').trim();
    return URL.canParse(publicUrl) ? { ...config, publicUrl } : config;
  } catch {
    // No API has started there yet, or this user may not look: what the environment says is all that is known.
    return config;
  }
}
