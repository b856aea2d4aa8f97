import type { Migration } from 'kysely';
import { initial } from './0001_initial';
import { taskHosts } from './0002_task_hosts';
import { takeOver } from './0003_take_over';
import { observers } from './0004_observers';
import { idempotencyAndAudit } from './0005_idempotency_and_audit';
import { access } from './0006_access';
import { finishTimeOrder } from './0007_finish_time_order';
import { auditedCommands } from './0008_audited_commands';
import { work } from './0009_work';
import { largeTasks } from './0010_large_tasks';
import { taskObproxyClusters } from './0011_task_obproxy_clusters';
import { logTexts } from './0012_log_texts';
import { givenConfigUrls } from './0013_given_config_urls';
import { observed } from './0014_observed';
import { taskWarnings } from './0015_task_warnings';
import { obproxyHome } from './0017_obproxy_home';
import { hostLife } from './0018_host_life';
import { credentialDescription } from './0019_credential_description';
import { parameterChange } from './0022_parameter_change';
import { otherProxysysPasswords } from './0023_other_proxysys_passwords';
import { sessions } from './0025_sessions';
import { taskLists } from './0026_task_lists';
import { observerHome } from './0028_observer_home';
import { pendingSecret } from './0031_pending_secret';
import { clusterTakeOver } from './0032_cluster_take_over';
import { adoptedObservers } from './0033_adopted_observers';

/** In code, not found by file name: the bundle holds no migration files. A published one is never changed. */
export function migrations(kind: 'sqlite' | 'postgres'): Record<string, Migration> {
  return {
    '0001_initial': initial(kind),
    '0002_task_hosts': taskHosts(kind),
    '0003_take_over': takeOver,
    '0004_observers': observers(kind),
    '0005_idempotency_and_audit': idempotencyAndAudit(kind),
    '0006_access': access(kind),
    '0007_finish_time_order': finishTimeOrder(kind),
    '0008_audited_commands': auditedCommands,
    '0009_work': work(kind),
    '0010_large_tasks': largeTasks(kind),
    '0011_task_obproxy_clusters': taskObproxyClusters(kind),
    '0012_log_texts': logTexts,
    '0013_given_config_urls': givenConfigUrls,
    '0014_observed': observed(kind),
    '0015_task_warnings': taskWarnings(kind),
    '0017_obproxy_home': obproxyHome,
    '0018_host_life': hostLife(kind),
    '0019_credential_description': credentialDescription,
    '0022_parameter_change': parameterChange,
    '0023_other_proxysys_passwords': otherProxysysPasswords,
    '0025_sessions': sessions(kind),
    '0026_task_lists': taskLists(kind),
    '0028_observer_home': observerHome,
    '0031_pending_secret': pendingSecret,
    '0032_cluster_take_over': clusterTakeOver,
    '0033_adopted_observers': adoptedObservers,
  };
}
