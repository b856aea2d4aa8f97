import type { RuntimeConfig } from '../../runtime/config';
import { inspectDatabase } from '../../store/database/inspect';
import { type Finding, ok, problem, problemOf, warning } from './finding';

/** Beyond it, times in the database and in Temporal contradict each other visibly. */
const CLOCK_MS = 2_000;

/** Findings, and whether the inventory can be opened without changing anything. */
export interface DatabaseFindings {
  readonly findings: readonly Finding[];
  readonly usable: boolean;
}

export async function database(config: RuntimeConfig): Promise<DatabaseFindings> {
  const check = 'database';
  const looked = await inspectDatabase(config).catch((error: unknown) =>
    problemOf(check, error, 'Start it, or correct OBFLOW_DATABASE_URL.'),
  );
  if (looked === undefined) {
    const next =
      'The first `obflow up` makes it; if there was one, set OBFLOW_DATABASE_URL or OBFLOW_DATA_DIR to its place.';
    return {
      findings: [warning(check, `There is no ${config.databaseUrl.slice('file:'.length)}.`, next)],
      usable: false,
    };
  }
  if ('verdict' in looked) return { findings: [looked], usable: false };
  const { version, missing, unknown, notWritable, clockAhead, masterKey } = looked;
  const findings: Finding[] = [];
  if (unknown.length > 0) {
    findings.push(
      problem(
        check,
        `${version}: a newer obflow has changed its schema (${unknown.join(', ')}).`,
        'Run that version, or restore the backup that was made before the upgrade.',
      ),
    );
  } else if (missing.length > 0) {
    findings.push(
      warning(
        check,
        `${version}: the schema lacks ${missing.length} migrations (${missing[0]} …).`,
        'Make a backup, then start obflow: it brings the schema up to date.',
      ),
    );
  } else if (notWritable !== undefined) {
    findings.push(problemOf(check, notWritable, 'Give the user obflow runs as the right to write.'));
  } else findings.push(ok(check, `${version}, schema up to date, writable`));
  if (clockAhead !== undefined) findings.push(clock('clock', "the database's", clockAhead));
  findings.push(
    'error' in masterKey
      ? problemOf('master key', masterKey.error, 'Restore the file from a backup.')
      : ok('master key', `${config.masterKeyFile}, for its owner only, opens ${count(masterKey.opened)}`),
  );
  const usable = !findings.some(({ verdict }) => verdict === 'problem') && missing.length === 0;
  return { findings, usable };
}

const count = (credentials: number) =>
  credentials === 0 ? 'what is stored (no credentials yet)' : `all ${credentials} credentials`;

/** @param ahead milliseconds that the other clock is ahead of this machine's */
export function clock(check: string, whose: string, ahead: number): Finding {
  const seconds = Math.abs(ahead / 1000).toFixed(1);
  if (Math.abs(ahead) <= CLOCK_MS)
    return ok(check, `${whose} clock agrees with this machine's (${seconds} s)`);
  return problem(
    check,
    `${whose} clock is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's.`,
    'Set both by NTP (chronyc tracking, timedatectl): times of tasks, signatures and worker heartbeats depend on it.',
  );
}
