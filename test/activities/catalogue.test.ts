import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as catalogue from '../../activities/subtasks';
import { INSTALL_ON_HOSTS, INSTALL_ON_ONE_HOST } from '../../operations/installChain';
import { TAKE_OVER_OB_CLUSTER } from '../../operations/takeOverObCluster';
import { repositoryRoot } from '../../runtime/paths';

/** Every subtask of every chain that OCP documents: its class and timeout where a sample prints them, and its file here. */
interface Documented {
  readonly name: string;
  readonly class?: string;
  readonly timeout?: number;
  readonly lives: string;
}

const root = repositoryRoot();
const DOCUMENTED = JSON.parse(
  readFileSync(path.join(root, 'test/golden/subtasks.json'), 'utf8'),
) as readonly Documented[];
const NOT_BUILT = 'not built yet';
const BUILT = Object.entries(catalogue);

/** The room of a documented class; one without a package serves all. */
function roomOf(className: string): string {
  const inside = className.replace('com.alipay.ocp.service.task.business.', '');
  const [first = '', second] = inside.split('.');
  if (second === undefined) return 'common';
  return { server: 'observer', obagent: 'host' }[first] ?? first;
}

describe('the documented subtasks', () => {
  test('stand in the table once, and every one that is built says where', () => {
    const names = DOCUMENTED.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const living = DOCUMENTED.filter(({ lives }) => lives !== NOT_BUILT).map(({ name }) => name);
    expect(living.sort()).toEqual(BUILT.map(([, subtask]) => subtask.name).sort());
  });

  test.each(BUILT)('%s is in a file of its own, named as its class, and is as documented', (key, subtask) => {
    const row = DOCUMENTED.find(({ name }) => name === subtask.name);
    const file = `activities/${roomOf(subtask.className)}/${subtask.activity}.ts`;
    expect(row?.lives).toBe(file);
    expect(key).toBe(subtask.activity);
    expect(existsSync(path.join(root, file))).toBe(true);
    expect(readFileSync(path.join(root, file), 'utf8')).toContain(
      `export const ${subtask.activity} = subtask({`,
    );
    if (row?.class !== undefined) expect(subtask.className.split('.').at(-1)).toBe(row.class);
    if (row?.timeout !== undefined) expect(subtask.timeout).toBe(row.timeout);
  });

  test('of a take-over declare the key that keeps them from touching the proxy, wherever they use a host', () => {
    const careless = INSTALL_ON_ONE_HOST.filter(({ activity, needs }) => {
      const room = BUILT.find(([key]) => key === activity)?.[1].className ?? '';
      return !needs.includes('obproxy_take_over') && !room.endsWith('host.RefreshAgentConfigTask');
    });
    expect(careless.map(({ activity }) => activity)).toEqual([]);
  });

  test('of a take-over of a cluster declare its key, wherever they use a host', () => {
    const usesHosts = /scope\.host\(|hostById\(|hostsOfTask\(|forgetTask\(|recordHostFacts\(/;
    const careless = TAKE_OVER_OB_CLUSTER.filter(({ activity, needs }) => {
      const lives = DOCUMENTED.find(({ lives: file }) => file.endsWith(`/${activity}.ts`))?.lives ?? '';
      const touches = usesHosts.test(readFileSync(path.join(root, lives), 'utf8'));
      return touches && !needs.includes('ob_cluster_take_over');
    });
    expect(careless.map(({ activity }) => activity)).toEqual([]);
  });

  test('may be split in one chain and not in another', () => {
    const splitOf = (chain: typeof INSTALL_ON_HOSTS) =>
      chain.find(({ activity }) => activity === 'StartObproxy')?.split;
    expect(splitOf(INSTALL_ON_ONE_HOST)).toBeUndefined();
    expect(splitOf(INSTALL_ON_HOSTS)).toEqual({ by: 'host_ids' });
  });
});

test('what serves any host knows no service: host/ imports from no other room of the subtasks than common/', () => {
  const folder = path.join(root, 'activities/host');
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(path.join(folder, file), 'utf8').matchAll(/from '\.\.\/(\w+)\//g)].map(
      ([, room]) => room,
    ),
  );
  expect([...new Set(imports)]).toEqual(['common']);
});
