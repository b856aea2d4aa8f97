/** What a take-over makes of parameters that differ: set now, or kept as drift until somebody restarts the proxy. Pure. */

import { identityParameters, type ObproxyHome, type RunningObproxy } from '../../../oceanbase/obproxyRunning';
import { isSecretParameter, type ParameterValue } from '../../../oceanbase/parameters';
import { say, type Text } from '../../../runtime/messages/catalogue';
import type { ParameterDrift } from '../../../store/types';
import { compareParameters, type Difference } from '../parameters';

export interface ParameterPlan {
  readonly setNow: readonly Difference[];
  readonly drift: readonly ParameterDrift[];
}

function driftOf(name: string, value: string | null, expectedValue: string): ParameterDrift {
  if (isSecretParameter(name)) return { name, value: value === null ? null : '***', expectedValue: '***' };
  return { name, value, expectedValue };
}

/** `parameters` of the cluster, and what the cluster itself implies, against what the proxy shows. */
export function parameterPlan(
  running: RunningObproxy,
  home: ObproxyHome,
  parameters: readonly ParameterValue[],
): ParameterPlan {
  const own = identityParameters(running, home);
  const { unknown, late, now } = compareParameters([...running.shown.values()], [...own, ...parameters]);
  // Name and source of a proxy are never changed while it serves, whatever its version makes of them.
  const [kept, setNow] = [
    now.filter(({ wished }) => own.includes(wished)),
    now.filter(({ wished }) => !own.includes(wished)),
  ];
  return {
    setNow,
    drift: [
      ...[...late, ...kept].map(({ wished, shown }) => driftOf(wished.name, shown.value, wished.value)),
      ...unknown.map(({ name, value }) => driftOf(name, null, value)),
    ],
  };
}

export function driftText({ name, value, expectedValue }: ParameterDrift): Text {
  const is = value === null ? say('takeOver.unknownToVersion') : say('takeOver.isNow', { value });
  const key = name === 'obproxy_config_server_url' ? 'takeOver.driftOfUrl' : 'takeOver.drift';
  return say(key, { name, is, wished: expectedValue });
}
