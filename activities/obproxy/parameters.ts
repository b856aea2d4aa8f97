/** Parameters of a running proxy: what differs from its cluster, setting it, and setting it back. */
import type { ObproxyAdmin, ProxyParameter } from '../../oceanbase/obproxyAdmin';
import { isSecretParameter, type ParameterValue, parameterName, sameValue } from '../../oceanbase/parameters';
import { type Said, say } from '../../runtime/messages/catalogue';
import type { ParameterDrift } from '../../store/types';
import { readJson, taskDir, writeJson } from '../places';
import type { Needs, SubtaskScope } from '../types';
import { driftWith, isShown } from './lateParameters';
import { administer, OBPROXY, type ObproxyInstance, proxyOf } from './proxy';

export const PARAMETERS = {
  ...OBPROXY,
  obproxy_parameter_version: 'value?',
  /** `store`: what needs a restart is stored by the proxy and recorded as drift; absent: it is refused. */
  late_parameters: 'value?',
} as const satisfies Needs;

export type ParameterScope = SubtaskScope<typeof PARAMETERS>;

/** Records which parameters of the cluster the proxy has from now on: those the task was planned with. */
export async function recordVersion(
  scope: ParameterScope,
  { server, cluster }: ObproxyInstance,
): Promise<void> {
  const version = Number(scope.value('obproxy_parameter_version') ?? cluster.parameterVersion);
  await scope.store.obproxy.setServerParameterVersion(server.id, version);
  scope.log.info(say('obproxy.parameterVersion', { version }));
}

/** Values before this task, by name; kept on the host because a rollback receives only declared context keys. */
interface Former {
  readonly values: Readonly<Record<string, string>>;
  readonly parameterVersion: number;
}

function formerFile(scope: SubtaskScope): string {
  return `${taskDir(scope.input.taskId)}/parameters-${scope.input.subtaskId}.json`;
}

export interface Difference {
  readonly wished: ParameterValue;
  readonly shown: ProxyParameter;
}

function display(name: string, value: string): Said {
  return isSecretParameter(name) ? say('obproxy.secretParameter', { name }) : `${name}=${value}`;
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
    return current === undefined || isShown(current, parameter)
      ? []
      : [{ wished: parameter, shown: current }];
  });
  return {
    unknown: wished.filter(({ name }) => !shown.has(name.toLowerCase())),
    late: different.filter((difference) => difference.shown.needReboot),
    now: different.filter((difference) => !difference.shown.needReboot),
  };
}

/** Records, before they are set, which parameters the process works without until it restarts. */
export async function recordDrift(
  scope: SubtaskScope,
  { server }: ObproxyInstance,
  shown: ReadonlyMap<string, ProxyParameter>,
  wished: readonly ParameterValue[],
): Promise<readonly ParameterDrift[]> {
  const known = (await scope.store.obproxy.findServer(server.id))?.parameterDrift ?? [];
  const drift = driftWith(known, shown, wished);
  if (JSON.stringify(drift) !== JSON.stringify(known)) {
    await scope.store.obproxy.setParameterDrift(server.id, drift);
  }
  return drift;
}

/** For a proxy that has just been started: parameters that have waited for it have their values now. */
export async function settleWaited(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { id, parameterDrift } = proxy.server;
  if (parameterDrift.length === 0) return;
  const admin = await administer(scope, proxy);
  try {
    const shown = new Map((await admin.showAll()).map(({ name, value }) => [name, value]));
    const left = parameterDrift.flatMap((drift) => {
      const value = shown.get(drift.name) ?? null;
      if (isSecretParameter(drift.name)) return [drift];
      return value !== null && sameValue(value, drift.expectedValue) ? [] : [{ ...drift, value }];
    });
    await scope.store.obproxy.setParameterDrift(id, left);
    scope.log.info(say('parameters.waited', { count: parameterDrift.length - left.length }));
  } finally {
    admin.close();
  }
}

/** Sets back what this subtask changed; `open` logs in to the proxy. */
export async function setBackParameters(
  scope: ParameterScope,
  open: (proxy: ObproxyInstance) => Promise<ObproxyAdmin>,
): Promise<void> {
  const host = await scope.host();
  const former = await readJson<Former>(host, formerFile(scope));
  if (former?.values === undefined) {
    scope.log.info(say('obproxy.noParametersSet'));
    return;
  }
  const proxy = await proxyOf(scope);
  const admin = await open(proxy);
  try {
    const wished = Object.entries(former.values).map(([name, value]) => ({ name, value }));
    const shownNow = new Map((await admin.showAll()).map((one) => [one.name.toLowerCase(), one]));
    await recordDrift(scope, proxy, shownNow, wished);
    for (const { name, value } of wished) {
      const shown = await admin.showConfig(parameterName(name));
      if (shown === undefined || sameValue(shown.value, value)) continue;
      await admin.alter(name, value);
      scope.log.info(say('obproxy.setBack', { parameter: display(name, value) }));
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
    scope.log.info(say('obproxy.set', { parameter: display(wished.name, wished.value) }));
  }
}
