/**
 * What a subtask may ask of the context. The lines that must not compile are held by the type check (`npm run types`):
 * an error that is expected and does not come is an error itself.
 */
import { openScope } from '../../activities/scope';
import { activityOf, subtask } from '../../activities/subtask';
import type { ActivityDeps, Needs, Subtask, SubtaskScope } from '../../activities/types';
import type { SubtaskInput } from '../../workflows/plan';
import { inEnglish } from '../../workflows/text';

const CLUSTER = { cluster_id: 'value' } as const satisfies Needs;
const needsCluster = (scope: SubtaskScope<typeof CLUSTER>): string => scope.value('cluster_id');

const Example = subtask({
  name: 'Start example',
  className: 'server.StartExampleTask',
  timeout: 30,
  needs: {
    ...CLUSTER,
    rpm_name: 'value?',
    host_ids: 'list',
    zone_names: 'list?',
    'host.{element}.zone': 'value',
    '{cluster_id}.{zone_names}.server_ids': 'list',
  },

  async run(scope) {
    const id: string = scope.value('cluster_id');
    const rpm: string | undefined = scope.value('rpm_name');
    const hosts: readonly string[] = scope.list('host_ids');
    const zones: readonly string[] | undefined = scope.list('zone_names');
    const zone: string = scope.value('host.{element}.zone');
    const servers: readonly string[] = scope.list('{cluster_id}.{zone_names}.server_ids');
    // @ts-expect-error not declared
    expect(() => scope.value('host_id')).toThrow('the context has no value "host_id"');
    // @ts-expect-error a list is no text
    expect(() => scope.value('host_ids')).toThrow('the context has no value "host_ids"');
    // @ts-expect-error a text is no list
    expect(() => scope.list('cluster_id')).toThrow('the context has no list "cluster_id"');
    // @ts-expect-error it may be absent
    const certain: string = scope.value('rpm_name');
    // @ts-expect-error it is asked for as it is declared
    expect(() => scope.value('host.{host_ids}.zone')).not.toThrow();
    const words = [id, rpm, certain, ...hosts, ...(zones ?? ['-']), zone, ...servers, needsCluster(scope)];
    return { stringMap: { words: words.map(String).join(' ') } };
  },

  async rollback(scope) {
    // @ts-expect-error not declared
    scope.list('x');
  },
});

const Narrow = subtask({
  name: 'Narrow',
  className: 'NarrowTask',
  timeout: 30,
  needs: { host_id: 'value?' },
  async run(scope) {
    // @ts-expect-error a part that needs a key cannot be called by who does not declare it
    expect(() => needsCluster(scope)).toThrow('cluster_id');
    // @ts-expect-error the service of a host is found by keys that are not declared here
    scope.service();
    return undefined;
  },
});

function scopeOf(given: Subtask, more: Partial<SubtaskInput> = {}) {
  const lines: string[] = [];
  const input: SubtaskInput = {
    ...{ taskId: 1, subtaskId: 2, run: 1, name: 'x', operation: 'EXECUTE', traceId: 't' },
    context: { stringMap: {}, listMap: {} },
    ...more,
  };
  const log = { info: (line: string) => lines.push(line) };
  const scope = openScope({} as ActivityDeps, input, given.keys, log as never, {
    signal: new AbortController().signal,
    cancelledByOperator: () => false,
  });
  return { scope, lines };
}

describe('the keys that a subtask needs', () => {
  const context = {
    stringMap: { cluster_id: '21', 'host.7.zone': 'zone1' },
    listMap: { host_ids: ['7', '8'], '21.zone1.server_ids': ['4'] },
  };
  const elements = [
    { key: 'cluster_id', value: '21' },
    { key: 'zone_names', value: 'zone1' },
    { key: 'host_ids', value: '7' },
  ];

  test('are answered; templates for the element that it works on and the groups around it', async () => {
    const { scope } = scopeOf(Example, { context, element: elements[2]!, elements });
    expect(await Example.run(scope)).toEqual({
      stringMap: { words: '21 undefined undefined 7 8 - zone1 4 21' },
    });
  });

  test('go into the plan by name', () => {
    expect(Example.needs).toEqual([
      'cluster_id',
      'rpm_name',
      'host_ids',
      'zone_names',
      'host.{element}.zone',
      '{cluster_id}.{zone_names}.server_ids',
    ]);
  });

  test('are named when one is missing that may not be', async () => {
    const { scope } = scopeOf(Example, {
      context: { ...context, stringMap: { cluster_id: '21' } },
      elements,
    });
    await expect(Example.run(scope)).rejects.toThrow('the context has no value "host.7.zone"');
  });
});

describe('a subtask', () => {
  test('has nothing to undo unless it says what, and says that', async () => {
    const { scope, lines } = scopeOf(Narrow);
    await Narrow.rollback(scope);
    expect(lines.map(inEnglish)).toEqual(['Nothing to undo']);
  });

  test('is called as its class without package and "Task"', () => {
    expect(activityOf('server.StartObServerProcessWithParamTask')).toBe('StartObServerProcessWithParam');
    expect(activityOf('WaitNode')).toBe('WaitNode');
    expect(Example.activity).toBe('StartExample');
    expect(Example.className).toBe('com.alipay.ocp.service.task.business.server.StartExampleTask');
  });
});
