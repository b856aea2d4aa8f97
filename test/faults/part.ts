/**
 * `part.js api|worker`: obflow's API or worker as `obflow api` and `obflow worker` run them, with two hooks for the
 * suite: a worker that stops at every point until the suite lets it go on, and timeouts of subtasks that can be cut.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Context } from '@temporalio/activity';
import { createActivities } from '../../activities';
import type { ActivityDeps } from '../../activities/types';
import type { Part } from '../../cli/load';
import { serve } from '../../cli/serve';
import type { Host } from '../../hosts/types';
import { CREATE_WITHOUT_HOSTS } from '../../operations/installChain';
import { PermanentError } from '../../runtime/errors';
import type { Store } from '../../store/types';
import type { SubtaskInput } from '../../workflows/plan';
import { CHAIN_OF, chainNodes } from './chains';
import { CONTROL_URL, type Point, TIMEOUTS_FILE, type Verdict } from './points';

const HEARTBEAT_MS = 500;
/** What every activity writes all the time: no state of the world. */
const NOT_POINTS = new Set(['inventory.tasks', 'inventory.credentials']);

const agent = new Agent({ keepAlive: true });
/** Points passed so far, by activity id and attempt. */
const passed = new Map<string, number>();

function ask(point: Point, signal: AbortSignal): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const call = request(process.env[CONTROL_URL] ?? '', { method: 'POST', agent, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text as Verdict));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(JSON.stringify(point));
  });
}

/** Stops here until the suite answers; outside of subtasks it does nothing. */
async function stopAt(kind: Point['kind'], what: string): Promise<void> {
  const context = Context.current();
  const { activityId, activityType, attempt, isLocal } = context.info;
  const [subtaskId, run] = activityId.split('/').map(Number);
  const taskId = Number(context.info.workflowExecution?.workflowId.replace('task-', ''));
  if (isLocal || subtaskId === undefined || run === undefined) return;
  const key = `${activityId}#${attempt}`;
  const index = passed.get(key) ?? 0;
  passed.set(key, index + 1);
  const point: Point = { taskId, subtaskId, activity: activityType, run, attempt, index, kind, what };
  const verdict = await ask(point, context.cancellationSignal).catch((error: unknown) => {
    context.cancellationSignal.throwIfAborted();
    throw error;
  });
  if (verdict === 'fail') {
    throw new PermanentError({
      type: 'InjectedFailure',
      tried: `pass ${kind} ${what}`,
      cameBack: 'the suite said no',
      next: 'Roll back.',
    });
  }
}

function insideActivity(): boolean {
  try {
    return Context.current() !== undefined;
  } catch {
    return false;
  }
}

/** The same object, whose asynchronous methods stop before they are called and before they answer. */
function watched<T extends object>(target: T, name: string): T {
  return new Proxy(target, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (!insideActivity()) return value.apply(object, args);
        const id = args[0] as { name?: string } | undefined;
        const what = `${name}.${String(property)}${property === 'once' ? ` ${id?.name}` : ''}`;
        return (async () => {
          await stopAt('call', what);
          const answer: unknown = await value.apply(object, args);
          await stopAt('answer', what);
          return answer;
        })();
      };
    },
  });
}

function watchedStore(store: Store): Store {
  return new Proxy(store, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property);
      if (typeof value === 'function') return value.bind(object);
      const name = `inventory.${String(property)}`;
      if (typeof value !== 'object' || value === null || NOT_POINTS.has(name)) return value;
      return watched(value, name);
    },
  });
}

function pausing(deps: ActivityDeps): object {
  const { hosts } = deps;
  const { applyTaskState, ...subtasks } = createActivities({
    ...deps,
    store: watchedStore(deps.store),
    hosts: {
      open: async (address) => watched<Host>(await hosts.open(address), 'host'),
      close: () => hosts.close(),
    },
  });
  const stopping = Object.entries(subtasks).map(([type, run]) => [
    type,
    async (input: SubtaskInput) => {
      const context = Context.current();
      // The work itself heartbeats only while it runs, not before and after.
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        await stopAt('before', type);
        const result = await run(input);
        await stopAt('after', type);
        return result;
      } finally {
        clearInterval(beat);
      }
    },
  ]);
  return { ...Object.fromEntries(stopping), applyTaskState };
}

function cuttableTimeouts(file: string): void {
  const cut = () => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    } catch {
      return {};
    }
  };
  const chains = [...Object.values(CHAIN_OF), CREATE_WITHOUT_HOSTS];
  // Chains share nodes.
  for (const node of new Set(chains.flatMap(chainNodes))) {
    const { activity, timeout } = node;
    Object.defineProperty(node, 'timeout', { enumerable: true, get: () => cut()[activity] ?? timeout });
  }
}

cuttableTimeouts(process.env[TIMEOUTS_FILE] ?? '');
void serve([process.argv[2] as Part], { ownTemporal: false, activities: pausing });
