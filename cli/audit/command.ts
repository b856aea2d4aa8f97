import type { Command } from 'commander';
import { z } from 'zod';
import { declare, type OutputOptions, parsed, run } from '../access/run';
import { ACCESS_HELP } from '../apiClient';
import { complain } from '../output';
import { showList } from '../show';
import { positive } from '../task/command';

interface AuditOptions extends OutputOptions {
  readonly user?: string;
  readonly task?: string;
  readonly from?: string;
  readonly to?: string;
  readonly page: number;
  readonly size: number;
}

const pageSchema = z.object({
  contents: z.array(
    z.object({
      id: z.number(),
      time: z.string(),
      user: z.object({ name: z.string() }).nullable(),
      address: z.string(),
      method: z.string(),
      path: z.string(),
      taskIds: z.array(z.number()),
      subtaskId: z.number().nullable(),
      command: z.string().nullable(),
      why: z.string().nullable(),
      status: z.number(),
      code: z.string().nullable(),
    }),
  ),
  page: z.object({ number: z.number(), totalElements: z.number(), totalPages: z.number() }),
});

/** Adds `obflow audit` to the program. */
export function addAuditCommand(program: Command): void {
  declare(program, 'audit', 'list who did what, the newest first, through the API')
    .option('--user <name>', 'only the calls of this user')
    .option('--task <task>', 'only calls that started this task or commanded it')
    .option('--from <time>', 'from this time on, as 2026-11-01T08:00:00+08:00')
    .option('--to <time>', 'before this time')
    .option('--page <number>', 'which page', positive, 1)
    .option('--size <number>', 'events on a page', positive, 50)
    .addHelpText('after', ACCESS_HELP)
    .action((options: AuditOptions) =>
      run(async (api) => {
        const { user, task, from, to, page: number, size } = options;
        const query = new URLSearchParams({ page: String(number), size: String(size) });
        const wished = { user, taskId: task?.replace(/^task-/, ''), from, to };
        for (const [name, value] of Object.entries(wished)) {
          if (value !== undefined) query.set(name, value);
        }
        const answer = await api.call('GET', `/api/v2/audit/events?${query}`);
        const { contents, page } = parsed(pageSchema, answer);
        showList(contents, options, {
          heading: ['TIME', 'USER', 'FROM', 'CALL', 'RESULT', 'TASKS', 'WHAT', 'WHY'],
          row: (event) => [
            event.time,
            event.user?.name ?? '',
            event.address,
            `${event.method} ${event.path}`.trim(),
            [event.status, event.code].filter((part) => part !== null).join(' '),
            [...event.taskIds, ...(event.subtaskId === null ? [] : [`subtask ${event.subtaskId}`])].join(
              ', ',
            ),
            event.command ?? '',
            event.why ?? '',
          ],
          nothing: 'No event fits.',
        });
        if (options.output === 'table' && page.number < page.totalPages) {
          complain(`Page ${page.number} of ${page.totalPages}; --page ${page.number + 1} shows older ones.`);
        }
      }),
    );
}
