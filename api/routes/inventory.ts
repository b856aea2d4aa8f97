import { z } from 'zod';
import { answerLanguage, spoken } from '../http/messages/language';
import { Flag } from '../http/paging';
import { AppliedInventory, applyInventory, DeclaredInventory } from '../objects/applyInventory';
import { type ApiServices, type Route, route } from '../route';

const MAX_SPOKEN = 500;

/** What changed, as the audit names it: whose credential was given another secret is what one looks for there. */
function audited(changes: AppliedInventory['changes']): string {
  const texts = changes.flatMap(({ kind, name, change }) =>
    change === 'unchanged' ? [] : [`${kind} ${name} ${change}`],
  );
  const text = `inventory: ${texts.length === 0 ? 'nothing changed' : texts.join(', ')}`;
  return text.length <= MAX_SPOKEN ? text : `${text.slice(0, MAX_SPOKEN)}… (${texts.length} changes)`;
}

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
      async ({ query, body, notes, request }) => {
        const applied = await applyInventory(services, body, query.dryRun);
        notes.command = query.dryRun ? 'dry run' : audited(applied.changes);
        const language = answerLanguage(request);
        return { ...applied, warnings: applied.warnings.map((warning) => spoken(warning, language)) };
      },
    ),
  ];
}
