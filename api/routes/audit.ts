import { z } from 'zod';
import { IdText, QueryText } from '../../operations/schemas';
import { fault } from '../../runtime/messages/catalogue';
import type { AuditEvent } from '../../store/types';
import { listOf, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { listed, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { type ApiServices, type Route, route } from '../route';

const TimeText = QueryText.refine(
  (text) => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
  {
    message: fault('must.time', { example: '2026-11-01T08:00:00+08:00' }),
  },
);

const Query = z.object({
  user: QueryText.optional().describe('Name of the user.'),
  taskId: IdText.optional().describe('Calls that started this task or commanded it.'),
  from: TimeText.optional().describe('ISO-8601 time, inclusive.'),
  to: TimeText.optional().describe('ISO-8601 time, exclusive.'),
  ...PAGING,
});

const EventDocument = z
  .object({
    id: Whole,
    time: Time,
    user: z.object({ id: Whole, name: z.string() }).nullable().describe('Null when nobody was logged in.'),
    address: z.string(),
    traceId: z.string(),
    method: z.string(),
    path: z.string(),
    taskIds: listOf(Whole).describe('Tasks that the call started or was about.'),
    subtaskId: Whole.nullable(),
    command: z.string().nullable().describe('retryTask, skipSubtask, …'),
    why: z.string().nullable().describe('As the operator gave it.'),
    successful: z.boolean(),
    status: Whole,
    code: z.string().nullable().describe('Of the refusal.'),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEventDocument = Readonly<z.output<typeof EventDocument>>;

function eventDocument(event: AuditEvent): z.input<typeof EventDocument> {
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

export function auditRoutes({ store }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/audit/events',
        permission: 'AUDIT_VIEWER',
        tag: 'Audit',
        summary: 'List who did what, the newest first',
        description:
          'Every call that changes something, accepted or refused, and every call that was refused for want of a ' +
          'login or a permission. Bodies are never recorded.',
        query: Query,
        answer: pagedOf(EventDocument),
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
        const found = await listed(query, () => store.audit.list(filter, page));
        return pageOf(found.contents.map(eventDocument), {
          number: page.page,
          size: page.size,
          totalElements: found.totalElements,
        });
      },
    ),
  ];
}
