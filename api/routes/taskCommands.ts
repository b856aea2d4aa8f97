import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import type { SubtaskCommand, TaskCommand } from '../../workflows/plan';
import { clientAddress } from '../http/address';
import { NoData } from '../http/answers';
import type { Lazily } from '../http/lazyList';
import { answerLanguage } from '../http/messages/language';
import { type ApiServices, type Call, type Route, route } from '../route';
import { commandIdOf } from '../tasks/commandLog';
import { SubtaskInstance, type TaskDocument, WrappedTaskInstance } from '../tasks/document/types';
import { rowWithSubtask, SubtaskPath, TaskPath, taskRow, unknownTask } from '../tasks/rows';
import type { Command, TaskService } from '../tasks/service';
import { updateIdOf } from '../tasks/temporal/commands';

/** What OCP sends no body for; ours may say why. */
const Body = z
  .object({
    why: z
      .string()
      .max(500)
      // One line of a log is one line.
      .transform((text) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim())
      .optional()
      .describe('Kept in the log of the subtasks, in the history and in the audit.'),
  })
  .optional();

type AnyCall = Call<unknown, unknown, z.output<typeof Body>>;

/** A client that repeats a command with the same Idempotency-Key or x-request-id gives it once. */
function commandOf({ request, user, once, body }: AnyCall): Command {
  const given = request.get('x-request-id');
  if (given !== undefined && !/^[\w.:-]{1,128}$/.test(given)) {
    const text = say('http.requestId');
    throw new Refusal(400, 'COM10001', text, { target: 'x-request-id' });
  }
  const why = body?.why ?? '';
  return {
    requestId: once.requestId ?? given ?? randomUUID(),
    who: user?.name ?? '',
    from: clientAddress(request),
    ...(why === '' ? {} : { why }),
  };
}

/** The command, noted for the audit, also when it is refused. */
function noted(
  call: AnyCall,
  name: TaskCommand | SubtaskCommand,
  taskId: number,
  subtaskId?: number,
): Command {
  const { notes, body } = call;
  const command = commandOf(call);
  notes.taskIds = [taskId];
  notes.command = name;
  if (subtaskId !== undefined) notes.subtaskId = subtaskId;
  if (body?.why !== undefined && body.why !== '') notes.why = body.why;
  notes.commandId = commandIdOf(taskId, updateIdOf(name, subtaskId, command.requestId));
  return command;
}

/** Remembered in place of a document that is too large to be stored a second time. */
const LargeTask = z.object({ largeTask: z.int() });

/**
 * The document as the answer to a command. Sent again, a command is answered as before; one to a large task with the
 * document as it is then.
 */
async function remembered(
  store: Store,
  { once }: AnyCall,
  document: TaskDocument,
): Promise<Lazily<WrappedTaskInstance>> {
  const { subtasks } = document;
  if (subtasks.isShort) return { ...document, subtasks: await subtasks.all() };
  await once.remember(store, { largeTask: document.id });
  return document;
}

async function restored(tasks: TaskService, before: unknown, request: Request): Promise<unknown> {
  const large = LargeTask.safeParse(before);
  if (!large.success) return before;
  const { largeTask } = large.data;
  const document = await tasks.read(largeTask, answerLanguage(request));
  if (document === undefined) throw unknownTask(largeTask);
  return document;
}

/** The commands that an operator gives to a task or to one of its subtasks. */
export function taskCommandRoutes({ store, tasks }: ApiServices): Route[] {
  const common = { method: 'POST', permission: 'TASK_MANAGER', tag: 'Tasks', body: Body } as const;

  const taskCommand = (word: string, name: TaskCommand, summary: string): Route =>
    route(
      {
        ...common,
        path: `/api/v2/tasks/instances/{taskInstanceId}/${word}`,
        summary,
        params: TaskPath,
        answer: WrappedTaskInstance,
        restore: (remembered, request) => restored(tasks, remembered, request),
      },
      async (call) => {
        const { taskInstanceId } = call.params;
        const command = noted(call, name, taskInstanceId);
        await taskRow(store, taskInstanceId);
        const language = answerLanguage(call.request);
        return remembered(store, call, await tasks[name](taskInstanceId, command, language));
      },
    );

  const subtaskCommand = <A extends z.ZodType>(
    word: string,
    name: SubtaskCommand,
    summary: string,
    answer: A,
    answerOf: (subtask: SubtaskInstance) => Lazily<z.input<A>>,
  ): Route =>
    route(
      {
        ...common,
        path: `/api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/${word}`,
        summary,
        params: SubtaskPath,
        answer,
      },
      async (call) => {
        const { taskInstanceId, subtaskInstanceId } = call.params;
        const command = noted(call, name, taskInstanceId, subtaskInstanceId);
        await rowWithSubtask(store, taskInstanceId, subtaskInstanceId);
        const language = answerLanguage(call.request);
        return answerOf(await tasks[name](taskInstanceId, subtaskInstanceId, command, language));
      },
    );

  const nothing = () => undefined;
  return [
    taskCommand('retry', 'retryTask', 'Retry a FAILED task: every failed subtask runs again'),
    taskCommand('rollback', 'rollbackTask', 'Roll a FAILED task back: everything it has done is undone'),
    taskCommand(
      'abandon',
      'abandonTask',
      'Abandon a task that is FAILED or never started: it ends as it is, releases what it holds, and the document lists what it leaves behind',
    ),
    subtaskCommand(
      'retry',
      'retrySubtask',
      'Retry one FAILED subtask',
      SubtaskInstance,
      (subtask) => subtask,
    ),
    subtaskCommand('skip', 'skipSubtask', 'Skip a FAILED subtask: it counts as done', NoData, nothing),
    subtaskCommand('cancel', 'cancelSubtask', 'Cancel a RUNNING subtask: it is FAILED then', NoData, nothing),
  ];
}
