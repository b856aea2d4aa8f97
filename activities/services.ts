import { objectOf } from './common/objects';
import type { HostService, SERVICE } from './host/service';
import { obproxyService } from './obproxy/service';
import { observerService } from './observer/service';
import type { SubtaskScope } from './types';

/** The service that a subtask is about: what its element or the context names decides whose room is asked. */
export function serviceOf(scope: SubtaskScope<typeof SERVICE>): HostService {
  const named = objectOf(scope.input, ['server_ids', 'obproxy_server_ids']);
  const type = scope.value('service_type');
  const isProxy =
    named === undefined
      ? type === 'OB_PROXY' || (type === undefined && objectOf(scope.input, ['cluster_ids']) === undefined)
      : named.kind === 'obproxy_server_ids';
  return isProxy ? obproxyService(scope) : observerService(scope);
}
