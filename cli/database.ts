import { existsSync, readFileSync } from 'node:fs';
import { type RuntimeConfig, readConfig, withPassword } from '../runtime/config';
import { ConfigError } from '../runtime/setting';
import { openStore } from '../store';
import { copyDatabase } from '../store/database/copyDatabase';
import { sqliteFile } from '../store/database/database';
import type { Store } from '../store/types';
import { complain, say } from './output';

export interface MigrateDatabaseOptions {
  /** Default: the configured database. */
  readonly from?: string;
  readonly to: string;
  readonly fromPasswordFile?: string;
  readonly toPasswordFile?: string;
}

/** `obflow migrate-database`: copies the inventory, and prints a line for each table. */
export async function migrateDatabase(options: MigrateDatabaseOptions): Promise<void> {
  const from =
    options.from === undefined
      ? configured().databaseUrl
      : location('--from', options.from, options.fromPasswordFile);
  const to = location('--to', options.to, options.toPasswordFile);
  let rows = 0;
  await copyDatabase({
    from,
    to,
    onTable(table) {
      rows += table.rows;
      say(`${table.name.padEnd(20)} ${String(table.rows).padStart(9)} rows  sha256 ${table.digest}`);
    },
  });
  say(`Copied ${rows} rows; counts and digests are the same in both. The source is as it was.`);
  say(
    'Now set OBFLOW_DATABASE_URL to the new database for every API and worker, and keep the master key and the data folder.',
  );
}

/** Which database, from words of the command line; its password must not stand there, where any user can read it. */
function location(option: string, url: string, passwordFile: string | undefined): string {
  const file = sqliteFile(url);
  if (file !== undefined) return `file:${file}`;
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new ConfigError([`${option} must be file:/path/to/file.db or postgres://user@host:5432/database.`]);
  }
  if (new URL(url).password !== '') {
    throw new ConfigError([
      `${option} holds a password, which every user of this machine could read; put it into a file and name that with ${option}-password-file.`,
    ]);
  }
  if (passwordFile === undefined) return url;
  try {
    return withPassword(url, readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, ''));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`${option}-password-file names ${passwordFile}, which cannot be read (${code}).`]);
  }
}

/** The configured inventory. Throws ConfigError instead of making a new one, for that would be the wrong one. */
export async function openExistingStore(): Promise<Store> {
  const config = configured();
  const file = sqliteFile(config.databaseUrl);
  if (file !== undefined && !existsSync(file)) {
    throw new ConfigError([
      `There is no database ${file}; set OBFLOW_DATA_DIR or OBFLOW_DATABASE_URL as the API has them.`,
    ]);
  }
  return openStore(config);
}

function configured(): RuntimeConfig {
  const { config, warnings } = readConfig();
  for (const warning of warnings) complain(`Warning: ${warning}`);
  return config;
}
