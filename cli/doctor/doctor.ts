import { type RuntimeConfig, readConfig } from '../../runtime/config';
import { ConfigError } from '../../runtime/setting';
import { complain, say } from '../output';
import { withKeptPublicUrl } from '../publicUrlFile';
import { addresses } from './addresses';
import { clusters } from './clusters';
import { database } from './database';
import { deadProxies } from './deadProxies';
import { type Finding, problem, problemOf, type Verdict, warning } from './finding';
import { hosts, type WishedHosts, wishedHosts } from './hosts';
import { dataFolder, versions } from './machine';
import { proxies } from './proxies';
import { temporal } from './temporal';

export interface DoctorOptions {
  readonly hosts: string;
  readonly output: 'table' | 'json';
}

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' };

/**
 * `obflow doctor`: looks at everything that obflow stands on, in this environment and on this machine, and changes
 * nothing. Resolves to the exit code: 0 nothing that stops work, 1 a problem, 2 a setting or option that cannot be used.
 */
export async function doctor(options: DoctorOptions, env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const wished = wishedHosts(options.hosts);
  if (wished === undefined) {
    complain('--hosts takes all, none, or ids with commas, e.g. 1,2,5.');
    return 2;
  }
  try {
    const read = readConfig(env);
    const unknown = read.warnings.map((text) => warning('settings', text, 'Remove it, or correct its name.'));
    const findings = [...unknown, ...(await examine(withKeptPublicUrl(read.config, env), wished))];
    print(findings, options.output);
    return findings.some(({ verdict }) => verdict === 'problem') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(
      error.problems.map((text) => problem('settings', text, '`obflow up --help` lists every setting.')),
      options.output,
    );
    return 2;
  }
}

/** Looks at everything that obflow stands on; hosts only when the inventory can be opened as it is. */
export async function examine(config: RuntimeConfig, wished: WishedHosts): Promise<Finding[]> {
  const [folder, stored, server] = await Promise.all([
    dataFolder(config),
    database(config),
    temporal(config).catch((error: unknown) => [
      problemOf('Temporal', error, 'Look at the log of the Temporal server.'),
    ]),
  ]);
  const known = stored.usable
    ? await addresses(config).catch((error: unknown) => [
        problemOf('addresses', error, 'Repair what is named above first.'),
      ])
    : [];
  const asked = stored.usable
    ? await clusters(config).catch((error: unknown) => [
        problemOf('clusters', error, 'Repair what is named above first.'),
      ])
    : [];
  const given = stored.usable
    ? await proxies(config).catch((error: unknown) => [
        problemOf('OBProxies', error, 'Repair what is named above first.'),
      ])
    : [];
  const seen = stored.usable
    ? await deadProxies(config).catch((error: unknown) => [
        problemOf('proxies', error, 'Repair what is named above first.'),
      ])
    : [];
  const findings = [versions(), folder, ...stored.findings, ...known, ...server, ...asked, ...given, ...seen];
  if (wished === 'none') return findings;
  if (!stored.usable) {
    const message = 'Not looked at: the inventory cannot be opened as it is.';
    return [...findings, warning('hosts', message, 'Repair what is named above first.')];
  }
  const looked = await hosts(config, wished).catch((error: unknown) => [
    problemOf('hosts', error, 'Repair what is named above first.'),
  ]);
  return [...findings, ...looked];
}

function print(findings: readonly Finding[], output: DoctorOptions['output']): void {
  if (output === 'json') {
    const worst = (['problem', 'warning'] as const).find((verdict) =>
      findings.some((finding) => finding.verdict === verdict),
    );
    say(JSON.stringify({ verdict: worst ?? 'ok', findings }, null, 2));
    return;
  }
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, verdict, message, next } of findings) {
    say(`${MARKS[verdict]}${check.padEnd(width)}  ${message}`);
    if (next !== undefined) say(`${' '.repeat(MARKS.ok.length + width)}  → ${next}`);
  }
}
