/** rpm on a host, for tasks: a change is made at most once, and whether it was made is looked at, not believed. */
import type { Host, OnceResult, RpmPackage } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { PackageRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { rpmScript } from './rpmScripts';

type Exited = Extract<OnceResult, { outcome: 'exited' }>;

/** `name-version-release.arch`. */
export function nvra(part: RpmPackage): string {
  return `${part.name}-${part.version}-${part.release}.${part.arch}`;
}

/** A stored package as rpm knows it. */
export function partOf(row: PackageRow): RpmPackage {
  return { name: row.name, version: row.version, release: row.release, arch: row.architecture };
}

export function holds(installed: readonly RpmPackage[], wanted: RpmPackage): boolean {
  return installed.some((part) => nvra(part) === nvra(wanted));
}

export async function isInstalled(host: Host, wanted: RpmPackage): Promise<boolean> {
  return holds(await host.rpmQuery(wanted.name), wanted);
}

function logOutput(scope: SubtaskScope) {
  return (lines: string) => {
    for (const line of lines.split('\n'))
      if (line.trim() !== '') scope.log.info(say('rpm.says', { line: line.trimEnd() }));
  };
}

/**
 * Runs a script at most once per name. When a former attempt's command was killed (host reboot), looks whether it did its
 * work, and only then goes on under the next name. Undefined: the look was satisfied.
 */
export async function untilDone(
  scope: SubtaskScope,
  { name, script }: { readonly name: string; readonly script: string },
  done: () => Promise<boolean>,
  /** The caller has just looked, and it was not done. */
  looked = false,
): Promise<Exited | undefined> {
  for (let i = 1; i <= 20; i += 1) {
    if (!(looked && i === 1) && (await done())) return undefined;
    const result = await scope.once(i === 1 ? name : `${name}-${i}`, script, {
      timeoutMs: 3_500_000,
      onOutput: logOutput(scope),
    });
    if (result.outcome === 'exited') return result;
    scope.log.warn(say('rpm.interrupted'));
  }
  const host = await scope.host();
  throw new PermanentError({
    type: 'RpmInterrupted',
    code: 'COM10999',
    tried: say('rpm.run'),
    where: host.ip,
    cameBack: say('rpm.interruptedOften'),
    next: say('next.whyKilled'),
  });
}

/** The same with `rpm <words>`, which waits for rpm's transaction lock. */
export function rpm(
  scope: SubtaskScope,
  name: string,
  words: readonly string[],
  done: () => Promise<boolean>,
  looked = false,
): Promise<Exited | undefined> {
  return untilDone(scope, { name, script: rpmScript(words) }, done, looked);
}

/** Whether this very `name-version-release.arch` is installed. */
export async function lists(host: Host, name: string, wanted: string): Promise<boolean> {
  return (await host.rpmQuery(name)).some((part) => nvra(part) === wanted);
}

/** `name-version-release.arch` without the last three parts; names hold hyphens. */
export function nameOf(full: string): string {
  return full.split('-').slice(0, -2).join('-');
}

/**
 * For undos: a result of an earlier call under the same name would be found again, so a failed name is not reused. Resolves
 * to what rpm said when it failed.
 */
export async function rpmAgain(
  scope: SubtaskScope,
  name: string,
  words: readonly string[],
  done: () => Promise<boolean>,
): Promise<Text | undefined> {
  for (let i = 1; ; i += 1) {
    const result = await rpm(scope, `${name}-${i}`, words, done);
    if (result === undefined || (await done())) return undefined;
    if (!result.alreadyStarted || i >= 20)
      return say('rpm.ended', { exitCode: result.exitCode, said: result.output.trim().slice(-1_000) });
  }
}
