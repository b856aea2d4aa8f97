import { z } from 'zod';
import type { ApiClient } from '../apiClient';
import { complain, say } from '../output';
import { table } from '../table';
import { stateOf } from './advice';
import { coloured } from './colours';
import type { OutputFormat } from './command';
import { clock, doneCount, duration, parseAnswer } from './document';

export interface ListOptions {
  readonly status?: string;
  readonly name?: string;
  readonly cluster?: string;
  readonly waiting?: boolean;
  readonly host?: string;
  readonly page: number;
  readonly size: number;
  readonly output: OutputFormat;
}

const pageSchema = z.object({
  contents: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      status: z.string(),
      operation: z.string().default('EXECUTE'),
      closed: z.boolean().default(false),
      hosts: z.array(z.string()).default([]),
      obproxyCluster: z.object({ name: z.string() }).optional(),
      creator: z.object({ name: z.string() }),
      cluster: z.object({ name: z.string() }).optional(),
      startTime: z.string(),
      finishTime: z.string().optional(),
      /** Of a task with more subtasks than a list names. */
      subtaskCount: z.number().optional(),
      subtasks: z.array(z.object({ name: z.string(), status: z.string() })),
      warningCount: z.number().default(0),
    }),
  ),
  page: z.object({ number: z.number(), totalElements: z.number(), totalPages: z.number() }),
});
type ListedTask = z.output<typeof pageSchema>['contents'][number];

const hostsSchema = z.object({
  contents: z.array(z.object({ id: z.number(), name: z.string().optional(), innerIpAddress: z.string() })),
});

/** `obflow task ls`: a page of tasks, the newest first. */
export async function listTasks(api: ApiClient, options: ListOptions): Promise<void> {
  const query = new URLSearchParams({ page: String(options.page), size: String(options.size) });
  if (options.status !== undefined) query.set('status', options.status.toUpperCase());
  if (options.name !== undefined) query.set('name', options.name);
  if (options.cluster !== undefined) query.set('anyClusterName', options.cluster);
  if (options.waiting === true) query.set('waiting', 'true');
  if (options.host !== undefined) query.set('hostId', String(await hostId(api, options.host)));
  const answer = await api.call('GET', `/api/v2/tasks/instances?${query}`);
  if (options.output === 'json') return say(JSON.stringify(answer, null, 2));
  const { contents, page } = parseAnswer(pageSchema, answer);
  if (contents.length === 0) return complain(nothing(options, page.totalElements));
  say(
    table(
      ['ID', 'NAME', 'TARGET', 'STATE', 'DONE', 'WARN', 'AT', 'CREATOR', 'STARTED', 'TOOK'],
      contents.map(rowOf),
    ),
  );
  if (page.number < page.totalPages) {
    complain(
      `Page ${page.number} of ${page.totalPages}, ${page.totalElements} tasks; --page ${page.number + 1} shows the next.`,
    );
  }
}

function rowOf(task: ListedTask): string[] {
  return [
    String(task.id),
    task.name,
    targetOf(task),
    coloured(stateOf(task)),
    doneOf(task),
    task.warningCount === 0 ? '' : String(task.warningCount),
    whereItIs(task),
    task.creator.name,
    clock(task.startTime),
    duration(task),
  ];
}

const HOSTS_SHOWN = 2;

/** `ob1, proxies: 10.0.0.1, 10.0.0.2 and 3 more`: the clusters and hosts it works on. */
function targetOf({ cluster, obproxyCluster, hosts }: ListedTask): string {
  const clusters = [cluster?.name, obproxyCluster?.name].filter((name) => name !== undefined).join(', ');
  const more = hosts.length - HOSTS_SHOWN;
  const places = `${hosts.slice(0, HOSTS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [clusters, places].filter((part) => part !== '').join(': ');
}

/** Of a task with very many subtasks the list says only how many there are. */
function doneOf({ subtasks, subtaskCount }: ListedTask): string {
  return subtaskCount === undefined ? `${doneCount(subtasks)}/${subtasks.length}` : `?/${subtaskCount}`;
}

/** The subtasks to look at: what failed, else what runs; '' when the task is through. */
function whereItIs({ subtasks }: ListedTask): string {
  for (const wanted of ['FAILED', 'CANCELING', 'RUNNING', 'READY']) {
    const names = new Set(subtasks.filter(({ status }) => status === wanted).map(({ name }) => name));
    const [first] = names;
    if (first !== undefined) return names.size === 1 ? first : `${first} and ${names.size - 1} more`;
  }
  return '';
}

function nothing(options: ListOptions, totalElements: number): string {
  if (totalElements > 0)
    return `Page ${options.page} is empty: there are ${totalElements} tasks. Try --page 1.`;
  const filtered = [options.status, options.name, options.cluster, options.host, options.waiting].some(
    (part) => part !== undefined,
  );
  return filtered ? 'No task fits. obflow task ls shows all of them.' : 'There is no task yet.';
}

/** A host is given as people know it, or by its id. */
async function hostId(api: ApiClient, host: string): Promise<number> {
  if (/^\d+$/.test(host)) return Number(host);
  const query = new URLSearchParams({ keyword: host, size: '2000' });
  const { contents } = parseAnswer(hostsSchema, await api.call('GET', `/api/v2/compute/hosts?${query}`));
  const found = contents.filter(({ name, innerIpAddress }) => innerIpAddress === host || name === host);
  const [first] = found;
  if (first === undefined)
    throw new Error(`No host is called ${host}. GET /api/v2/compute/hosts lists the hosts.`);
  if (found.length === 1) return first.id;
  throw new Error(
    `Several hosts are called ${host}: ${found.map(({ id }) => id).join(', ')}. Give one of these ids.`,
  );
}
