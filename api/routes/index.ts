import type { ApiServices, Route } from '../route';
import { accessKeyRoutes } from './accessKeys';
import { agentRoutes } from './agents';
import { auditRoutes } from './audit';
import { checkRoutes } from './checks';
import { configServerRoutes } from './configServer';
import { credentialRoutes } from './credentials';
import { docsRoutes } from './docs';
import { forgetRoutes } from './forget';
import { healthRoutes } from './health';
import { hostRoutes } from './hosts';
import { inventoryRoutes } from './inventory';
import { meRoutes } from './me';
import { obClusterRoutes } from './obClusters';
import { obLinkRoutes } from './obLinks';
import { obParameterRoutes } from './obParameters';
import { obPasswordRoutes } from './obPassword';
import { obproxyClusterRoutes } from './obproxyClusters';
import { obproxyParameterRoutes } from './obproxyParameters';
import { obTakeOverRoutes } from './obTakeOver';
import { operationRoutes } from './operations';
import { packageRoutes } from './packages';
import { placeRoutes } from './places';
import { prometheusRoutes } from './prometheus';
import { serviceRoutes } from './service';
import { sessionRoutes } from './session';
import { taskCommandRoutes } from './taskCommands';
import { taskListRoutes } from './taskLists';
import { taskLogRoutes } from './taskLogs';
import { taskRoutes } from './tasks';
import { userRoutes } from './users';

/** Every route of the API, the ones made from the catalogue of operations first. */
export function allRoutes(services: ApiServices): Route[] {
  const routes: Route[] = [
    ...operationRoutes(services),
    ...obproxyClusterRoutes(services),
    ...obLinkRoutes(services),
    ...obproxyParameterRoutes(services),
    ...forgetRoutes(services),
    // Before the clusters: parameterInfo is no id.
    ...obParameterRoutes(services),
    ...checkRoutes(services),
    ...obClusterRoutes(services),
    ...obTakeOverRoutes(services),
    ...obPasswordRoutes(services),
    ...hostRoutes(services),
    ...agentRoutes(services),
    ...placeRoutes(services),
    ...credentialRoutes(services),
    ...packageRoutes(services),
    ...taskListRoutes(services),
    ...taskRoutes(services),
    ...taskLogRoutes(services),
    ...taskCommandRoutes(services),
    ...inventoryRoutes(services),
    ...meRoutes(services),
    ...userRoutes(services),
    ...accessKeyRoutes(services),
    ...sessionRoutes(services),
    ...auditRoutes(services),
    ...prometheusRoutes(services),
    ...configServerRoutes(services),
    ...serviceRoutes(services),
    ...healthRoutes(services),
  ];
  return [...routes, ...docsRoutes(routes)];
}
