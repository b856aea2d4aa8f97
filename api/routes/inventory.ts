import { z } from 'zod';
import { AppliedInventory, applyInventory, DeclaredInventory } from '../applyInventory';
import { Flag } from '../paging';
import { type ApiServices, type Route, route } from '../route';

/** What `obflow apply` sends. */
export function inventoryRoutes(services: ApiServices): Route[] {
  return [
    route(
      {
        method: 'PUT',
        path: '/api/v2/inventory',
        permission: 'ADMIN',
        tag: 'Inventory',
        summary: 'Declare credentials, hosts and OceanBase clusters',
        description:
          'Adds and changes what is named, leaves the rest. Hosts added or changed are contacted once by SSH; ' +
          'one that cannot be reached is a warning, not an error.',
        query: z.object({ dryRun: Flag.describe('Only answer what would change.') }),
        body: DeclaredInventory,
        answer: AppliedInventory,
      },
      ({ query, body }) => applyInventory(services, body, query.dryRun),
    ),
  ];
}
