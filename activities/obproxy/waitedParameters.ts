import { isSecretParameter, sameValue } from '../../oceanbase/parameters';
import { say } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';
import { administer, type ObproxyInstance } from './proxy';

/** Parameters that have waited for this restart and have their values now. */
export async function refreshDrift(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
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
