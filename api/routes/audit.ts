import { z } from 'zod';
import type { AuditEvent } from '../../inventory/types';
import { IdText, QueryText } from '../../operations/schemas';
import { pageOf } from '../envelope';
import { listed, PAGING, pageRequest } from '../paging';
import { type ApiServices, type Route, route } from '../route';
import { ocpTime } from '../taskInfo/time';

const Time = QueryText.refine((text) => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)), {
  message: 'must be an ISO-8601 time, e.g. 2026-11-01T08:00:00+08:00 (a "+" in a URL is written %2B)',
});

const Query = z.object({
  user: QueryText.optional().describe('Name of the user.'),
  taskId: IdText.optional().describe('Calls that started this task or commanded it.'),
  from: Time.optional().describe('ISO-8601 time, inclusive.'),
  to: Time.optional().describe('ISO-8601 time, exclusive.'),
  ...PAGING,
});

function eventDocument(event: AuditEvent): Record<string, unknown> {
  return {
    id: event.id,
    time: ocpTime(event.time),
    user: event.user ?? null,
    address: event.address,
    traceId: event.traceId,
    method: event.method,
    path: event.path,
    taskIds: event.taskIds,
    subtaskId: event.subtaskId ?? null,
    command: event.command ?? null,
    why: event.why ?? null,
    successful: event.status < 400,
    status: event.status,
    code: event.code ?? null,
  };
}

export function auditRoutes({ inventory }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/audit/events',
        permission: 'ADMIN',
        tag: 'Audit',
        summary: 'List who did what, the newest first',
        description:
          'Every call that changes something, accepted or refused, and every call that was refused for want of a ' +
          'login or a permission. Bodies are never recorded.',
        query: Query,
      },
      async ({ query }) => {
        const page = pageRequest(query, { field: 'id', descending: true });
        const { user, taskId, from, to } = query;
        const filter = {
          ...(user === undefined ? {} : { user }),
          ...(taskId === undefined ? {} : { taskId }),
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        };
        const found = await listed(query, () => inventory.audit.list(filter, page));
        return pageOf(found.contents.map(eventDocument), {
          number: page.page,
          size: page.size,
          totalElements: found.totalElements,
        });
      },
    ),
  ];
}
