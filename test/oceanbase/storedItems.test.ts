import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { storedConfigDatabase } from '../../oceanbase/proxyConfigDb';
import { storedItemsOf, WHOLE_PROXY } from '../../oceanbase/storedItems';

const SHA1 = 'a'.repeat(40);
const row = (name: string, value: string, more: object = {}) => ({
  ...{ name, value, visible_level: 'USER', config_level: 'LEVEL_GLOBAL' },
  ...more,
});
const SHOWN = [
  row('listen_port', '2883'),
  row('obproxy_sys_password', SHA1),
  row('proxy_local_cmd', '0', { visible_level: 'MEMORY' }),
  row('json_config_version', '1', { visible_level: 'virtual', config_level: null }),
];
const LEVELS = [
  { ...{ vid: '-1', vip: '', vport: '0', tenant_name: '', cluster_name: '' }, ...row('listen_port', '2883') },
  {
    ...{ vid: '-1', vip: '', vport: '0', tenant_name: '', cluster_name: 'c1' },
    ...row('observer_sys_password', SHA1, { config_level: 'LEVEL_CLUSTER' }),
  },
  {
    ...{ vid: '3', vip: '10.0.0.1', vport: '3306', tenant_name: 't1', cluster_name: 'c1' },
    ...row('enable_read_write_split', 'True', { config_level: 'LEVEL_VIP' }),
  },
];

describe('what an OBProxy keeps over a restart', () => {
  test('are its parameters and those of clusters, tenants and addresses, but nothing that ends with the process', () => {
    const items = storedItemsOf(SHOWN, LEVELS);
    expect(items.map(({ name, level, clusterName, vport }) => [name, level, clusterName, vport])).toEqual([
      ['listen_port', 'LEVEL_GLOBAL', '', 0],
      ['obproxy_sys_password', 'LEVEL_GLOBAL', '', 0],
      ['observer_sys_password', 'LEVEL_CLUSTER', 'c1', 0],
      ['enable_read_write_split', 'LEVEL_VIP', 'c1', 3306],
    ]);
    expect(items[0]).toMatchObject(WHOLE_PROXY);
  });

  test('is written as table proxy_config has it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obflow-test-'));
    try {
      const file = join(folder, 'db');
      await writeFile(file, await storedConfigDatabase(storedItemsOf(SHOWN, LEVELS)));
      const database = new Database(file, { readonly: true });
      expect(database.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
      const stored = database
        .prepare(
          'select name, value, config_level, vid, vip, vport, tenant_name, cluster_name from proxy_config order by name',
        )
        .all();
      database.close();
      const everywhere = { vid: -1, vip: '', vport: 0, tenant_name: '', cluster_name: '' };
      expect(stored).toEqual([
        {
          ...{ name: 'enable_read_write_split', value: 'True', config_level: 'LEVEL_VIP' },
          ...{ vid: 3, vip: '10.0.0.1', vport: 3306, tenant_name: 't1', cluster_name: 'c1' },
        },
        { name: 'listen_port', value: '2883', config_level: 'LEVEL_GLOBAL', ...everywhere },
        { name: 'obproxy_sys_password', value: SHA1, config_level: 'LEVEL_GLOBAL', ...everywhere },
        {
          ...{ name: 'observer_sys_password', value: SHA1, config_level: 'LEVEL_CLUSTER' },
          ...{ ...everywhere, cluster_name: 'c1' },
        },
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
