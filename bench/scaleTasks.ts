import { INSTALL_ON_ONE_HOST, INSTALL_TASK_NAME } from '../operations/installChain';
import type { Plan } from '../workflows/plan';

const START = Date.parse('2026-01-01T00:00:00.000Z');

export const HOSTS = 5_000;
export const CLUSTERS = 300;

/** The plan of an OBProxy installation on one host, as the request makes it; the `number` spreads hosts and clusters. */
export function installPlan(number: number): Plan {
  const hostId = 1 + (number % HOSTS);
  const cluster = 1 + (number % CLUSTERS);
  const context = {
    stringMap: {
      host_id: String(hostId),
      obproxy_cluster_id: String(cluster),
      obproxy_cluster_name: `proxies-${cluster}`,
      package_name: 'obproxy',
      package_version: '4.3.1.0-4.el7',
      process_keywords: 'obproxy',
      commands_to_check: 'nc',
    },
    listMap: {},
  };
  return {
    taskId: number,
    name: number % 10 === 0 ? `${INSTALL_TASK_NAME} of wave ${number % 997}` : INSTALL_TASK_NAME,
    creator: { id: 100, name: 'admin' },
    executor: '10.0.0.1',
    createTime: new Date(START + number * 60_000).toISOString(),
    traceId: `trace-${number}`,
    hostId,
    context,
    concurrency: 10,
    firstSubtaskId: number * 100,
    nodes: INSTALL_ON_ONE_HOST,
    place: `10.${hostId >> 8}.${hostId & 255}.1`,
  };
}
