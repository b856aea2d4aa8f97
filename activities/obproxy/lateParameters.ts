/** Parameters that take effect at a restart only: OBProxy shows and stores them at once, and marks nothing as pending (4.3.1). */
import type { ProxyParameter } from '../../oceanbase/obproxyAdmin';
import { isSecretParameter, type ParameterValue, sameValue } from '../../oceanbase/parameters';
import { sha1Hex } from '../../oceanbase/passwords';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ParameterDrift } from '../../store/types';

/** Whether the proxy shows the wished value; of a password its hash. */
export function isShown(shown: ProxyParameter, wished: ParameterValue): boolean {
  if (isSecretParameter(wished.name) && shown.value === sha1Hex(wished.value)) return true;
  return sameValue(shown.value, wished.value);
}

/**
 * The drift of a proxy once these parameters are set: what its process works with until it restarts, as far as it was set
 * since it started. The record says it, because the proxy shows the new value; so it is written before anything is set.
 */
export function driftWith(
  drift: readonly ParameterDrift[],
  shown: ReadonlyMap<string, ProxyParameter>,
  wished: readonly ParameterValue[],
): ParameterDrift[] {
  const named = new Set(wished.map(({ name }) => name.toLowerCase()));
  const others = drift.filter(({ name }) => !named.has(name.toLowerCase()));
  const mine = wished.flatMap((parameter): ParameterDrift[] => {
    const secret = isSecretParameter(parameter.name);
    const expectedValue = secret ? '***' : parameter.value;
    const now = shown.get(parameter.name.toLowerCase());
    if (now === undefined) return [{ name: parameter.name, value: null, expectedValue }];
    if (!now.needReboot) return [];
    const known = drift.find(({ name }) => name.toLowerCase() === parameter.name.toLowerCase());
    const pending = known !== undefined && known.value !== null;
    if (secret) {
      if (pending) return [known];
      return isShown(now, parameter) ? [] : [{ name: now.name, value: '***', expectedValue }];
    }
    const value = pending ? (known.value ?? now.value) : now.value;
    return isShown({ ...now, value }, parameter) ? [] : [{ name: now.name, value, expectedValue }];
  });
  return [...others, ...mine];
}

/** `name: works with … until it restarts, … is stored` */
export function waitsText({ name, value, expectedValue }: ParameterDrift): Text {
  if (value === null) return say('parameters.unknownHere', { name, wished: expectedValue });
  return say('parameters.waits', { name, value, wished: expectedValue });
}
