import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER_OPERATIONS } from './obClusterOperations';
import { OBPROXY_OPERATIONS } from './obproxyOperations';
import { freshHosts, type Operation, only } from './scene';

/** A host that the inventory does not have. */
const batchCreateHosts: Operation = {
  name: 'batchCreateHosts',
  async arrange(lane) {
    const scene = await freshHosts(lane, [lane.host(1)]);
    await lane.stack.api.call('DELETE', `/api/v2/compute/hosts/${lane.hostIds[1]}`);
    return scene;
  },
  async request(lane) {
    const { api } = lane.stack;
    const list = async (path: string) =>
      (await api.call<{ contents: { id: number; name: string }[] }>('GET', `${path}?size=100`)).contents;
    const idcs = await list('/api/v2/compute/idcs');
    const credentials = await list('/api/v2/profiles/me/credentials');
    const { contents } = await api.call<{ contents: TaskJson[] }>(
      'POST',
      '/api/v2/compute/hosts/batchCreate',
      {
        hostBasicDataList: [{ innerIpAddress: lane.host(1).ip }],
        sshPort: lane.host(1).sshPort,
        kind: 'DEDICATED_PHYSICAL_MACHINE',
        idcId: idcs[0]?.id,
        credentialId: credentials.find(({ name }) => name === 'test-hosts')?.id,
      },
    );
    return only(contents);
  },
};

/** Every operation that the suite breaks. */
export const OPERATIONS: readonly Operation[] = [
  ...OBPROXY_OPERATIONS,
  ...OB_CLUSTER_OPERATIONS,
  batchCreateHosts,
];
