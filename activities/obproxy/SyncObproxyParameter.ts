import type { ObproxyAdmin, ProxyParameter } from '../../oceanbase/obproxyAdmin';
import { isSecretParameter, type ParameterValue, parameterName, sameValue } from '../../oceanbase/parameters';
import { sha1Hex } from '../../oceanbase/passwords';
import { PermanentError } from '../../runtime/errors';
import { makeDir, readJson, taskDir, writeJson } from '../places';
import type { Subtask, SubtaskScope } from '../types';
import { administer, type ObproxyInstance, proxyOf } from './proxy';

/** Values before this task, by name; kept on the host because a rollback receives only declared context keys. */
interface Former {
  readonly values: Readonly<Record<string, string>>;
  readonly parameterVersion: number;
}

function formerFile(scope: SubtaskScope): string {
  return `${taskDir(scope.input.taskId)}/parameters-${scope.input.subtaskId}.json`;
}

function trouble(where: string, type: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({ type, tried: 'set the parameters of OBProxy', where, cameBack, next });
}

export interface Difference {
  readonly wished: ParameterValue;
  readonly shown: ProxyParameter;
}

function isSame(shown: ProxyParameter, wished: ParameterValue): boolean {
  if (isSecretParameter(wished.name) && shown.value === sha1Hex(wished.value)) return true;
  return sameValue(shown.value, wished.value);
}

function display(name: string, value: string): string {
  return isSecretParameter(name) ? `${name} (secret)` : `${name}=${value}`;
}

/** What differs, by what can be done about it: nothing, a restart, or setting it now. */
export function compareParameters(
  all: readonly ProxyParameter[],
  wished: readonly ParameterValue[],
): {
  readonly unknown: readonly ParameterValue[];
  readonly late: readonly Difference[];
  readonly now: readonly Difference[];
} {
  const shown = new Map(all.map((parameter) => [parameter.name.toLowerCase(), parameter]));
  const different = wished.flatMap((parameter) => {
    const current = shown.get(parameter.name.toLowerCase());
    return current === undefined || isSame(current, parameter) ? [] : [{ wished: parameter, shown: current }];
  });
  return {
    unknown: wished.filter(({ name }) => !shown.has(name.toLowerCase())),
    late: different.filter((difference) => difference.shown.needReboot),
    now: different.filter((difference) => !difference.shown.needReboot),
  };
}

/** What differs, after refusing what this step cannot change. */
function differences(
  where: string,
  all: readonly ProxyParameter[],
  wished: readonly ParameterValue[],
): readonly Difference[] {
  const { unknown: strange, late, now } = compareParameters(all, wished);
  const unknown = strange.map(({ name }) => name);
  if (unknown.length > 0) {
    const next = 'Remove it from the cluster, or install a version that knows it.';
    throw trouble(
      where,
      'ObproxyParameterUnknown',
      `this version knows no parameter ${unknown.join(', ')}`,
      next,
    );
  }
  if (late.length > 0) {
    const words = late.map(({ wished: { name, value }, shown: { value: now } }) =>
      isSecretParameter(name) ? name : `${name} is '${now}', wished '${value}'`,
    );
    const text = `${words.join('; ')}: this takes effect at a restart only`;
    const next =
      'Check that the value is within the range of the parameter (a wrong one is replaced by the default at start); then restart the proxy or correct the value, and retry.';
    throw trouble(where, 'ObproxyRestartNeeded', text, next);
  }
  return now;
}

/**
 * "Sync obproxy parameter": every startup and plain parameter of the cluster has its value in the running proxy; what
 * differs and needs no restart is set and read back, one at a time as OBProxy demands.
 */
export const SyncObproxyParameter: Subtask = {
  async run(scope) {
    const proxy = await proxyOf(scope);
    const { server, cluster } = proxy;
    const where = `${server.ip}:${server.sqlPort}`;
    const version = Number(
      scope.input.context.stringMap.obproxy_parameter_version ?? cluster.parameterVersion,
    );
    for (const { name, value } of proxy.parameters) if (isSecretParameter(name)) scope.log.hide(value);
    if (proxy.parameters.length > 0) {
      const admin = await administer(scope, proxy);
      try {
        const different = differences(where, await admin.showAll(), proxy.parameters);
        await rememberParameters(scope, different, server.parameterVersion);
        await applyParameters(scope, admin, different);
        scope.log.info(
          `${proxy.parameters.length} parameters have their values, ${different.length} were set now`,
        );
      } finally {
        admin.close();
      }
    } else {
      scope.log.info('The cluster sets no parameters');
    }
    await scope.store.obproxy.setServerParameterVersion(server.id, version);
    scope.log.info(`Parameter version ${version} is recorded`);
    return undefined;
  },

  async rollback(scope) {
    await setBackParameters(scope, (proxy) => administer(scope, proxy));
  },
};

/** Sets back what this subtask changed; `open` logs in to the proxy. */
export async function setBackParameters(
  scope: SubtaskScope,
  open: (proxy: ObproxyInstance) => Promise<ObproxyAdmin>,
): Promise<void> {
  const host = await scope.host();
  const former = await readJson<Former>(host, formerFile(scope));
  if (former?.values === undefined) {
    scope.log.info('This task set no parameters, nothing to undo');
    return;
  }
  const proxy = await proxyOf(scope);
  const admin = await open(proxy);
  try {
    for (const [name, value] of Object.entries(former.values)) {
      const shown = await admin.showConfig(parameterName(name));
      if (shown === undefined || sameValue(shown.value, value)) continue;
      await admin.alter(name, value);
      scope.log.info(`Set back: ${display(name, value)}`);
    }
  } finally {
    admin.close();
  }
  const { parameterVersion } = former;
  if (parameterVersion !== undefined) {
    await scope.store.obproxy.setServerParameterVersion(proxy.server.id, parameterVersion);
  }
}

/** Keeps what is about to change; secrets are shown as hashes and cannot be set back, so they are left out. */
export async function rememberParameters(
  scope: SubtaskScope,
  different: readonly Difference[],
  parameterVersion: number,
): Promise<void> {
  const host = await scope.host();
  const known = await readJson<Former>(host, formerFile(scope));
  const values: Record<string, string> = {};
  for (const { shown } of different) if (!isSecretParameter(shown.name)) values[shown.name] = shown.value;
  // The oldest value counts when the subtask is repeated.
  Object.assign(values, known?.values);
  await makeDir(host, taskDir(scope.input.taskId));
  const former: Former = { values, parameterVersion: known?.parameterVersion ?? parameterVersion };
  await writeJson(host, formerFile(scope), former);
}

export async function applyParameters(
  scope: SubtaskScope,
  admin: ObproxyAdmin,
  different: readonly Difference[],
): Promise<void> {
  for (const { wished, shown } of different) {
    scope.signal.throwIfAborted();
    await admin.alter(shown.name, wished.value);
    scope.log.info(`Set ${display(wished.name, wished.value)}`);
  }
}
