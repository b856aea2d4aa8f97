/** What an OBProxy cluster is to be, while tasks change it. */
import { addObCluster, addObproxyCluster, onEveryDatabase } from './databases';

onEveryDatabase('The password of root@proxysys', (on) => {
  test('is what it was until the task that changes it has settled it, once', async () => {
    const store = await on.open();
    const { obproxy } = store;
    const id = await addObproxyCluster(store);
    await obproxy.offerProxysysPassword(id, 1, 'one');
    expect(await obproxy.proxysysChange(id, 1)).toEqual({ state: 'offered', password: 'one' });
    expect(await obproxy.proxysysChange(id, 2)).toBeUndefined();
    expect(await obproxy.proxysysPassword(id)).toBe('proxysys secret');
    expect(await obproxy.proxysysPasswords(id)).toEqual(['proxysys secret', 'one']);
    // Abandoned: whoever comes next knows all of them, and offering twice adds none.
    await obproxy.offerProxysysPassword(id, 2, 'two');
    await obproxy.offerProxysysPassword(id, 3, 'one');
    expect(await obproxy.proxysysPasswords(id)).toEqual(['proxysys secret', 'one', 'two']);
    expect(await obproxy.settleProxysysPassword(id, 2)).toBe(false);
    await obproxy.withdrawProxysysPassword(id, 2);
    expect(await obproxy.proxysysPasswords(id)).toHaveLength(3);
    expect(await obproxy.settleProxysysPassword(id, 3)).toBe(true);
    expect(await obproxy.settleProxysysPassword(id, 3)).toBe(true);
    expect(await obproxy.proxysysChange(id, 3)).toEqual({ state: 'settled' });
    expect(await obproxy.proxysysPasswords(id)).toEqual(['one']);
    await obproxy.offerProxysysPassword(id, 4, 'four');
    await obproxy.withdrawProxysysPassword(id, 4);
    expect(await obproxy.proxysysPasswords(id)).toEqual(['one']);
  });
});

onEveryDatabase('Parameters of an OBProxy cluster', (on) => {
  const wished = {
    startupParameters: [{ name: 'work_thread_num', value: '9' }],
    parameters: [{ name: 'syslog_level', value: 'WARN' }],
  };

  test('are what a task has proposed once it applies them, and what they were when it takes them back', async () => {
    const store = await on.open();
    const { obproxy } = store;
    const id = await addObproxyCluster(store);
    const before = await obproxy.findCluster(id);
    expect(await obproxy.applyParameters(id, 1)).toBeUndefined();
    await obproxy.proposeParameters(id, 1, wished);
    expect(await obproxy.takeBackParameters(id, 1)).toBe(false);
    expect(await obproxy.applyParameters(id, 2)).toBeUndefined();
    expect(await obproxy.applyParameters(id, 1)).toBe(2);
    expect(await obproxy.applyParameters(id, 1)).toBe(2);
    expect(await obproxy.findCluster(id)).toMatchObject({ ...wished, parameterVersion: 2 });
    expect(await obproxy.takeBackParameters(id, 2)).toBe(false);
    expect(await obproxy.takeBackParameters(id, 1)).toBe(true);
    expect(await obproxy.takeBackParameters(id, 1)).toBe(false);
    expect({ ...(await obproxy.findCluster(id)), updateTime: before?.updateTime }).toEqual(before);
  });
});

onEveryDatabase('Links of an OBProxy cluster', (on) => {
  test('come behind the others, change their user where they are, and go by their cluster', async () => {
    const store = await on.open();
    const [one, other] = [await addObCluster(store, 'one'), await addObCluster(store, 'other')];
    const id = await addObproxyCluster(store, 'linked', [one]);
    const links = async () =>
      (await store.obproxy.findCluster(id))?.obLinks.map(({ clusterName, username }) => [
        clusterName,
        username,
      ]);
    expect(await store.obproxy.link(id, [{ clusterId: other, username: 'reader' }])).toBe(2);
    expect(await links()).toEqual([
      ['one', 'proxyro'],
      ['other', 'reader'],
    ]);
    expect(await store.obproxy.link(id, [{ clusterId: one, username: 'reader' }])).toBe(3);
    expect(await links()).toEqual([
      ['one', 'reader'],
      ['other', 'reader'],
    ]);
    await store.obproxy.unlink(id, [one]);
    expect(await links()).toEqual([['other', 'reader']]);
    await expect(store.obproxy.link(4711, [])).rejects.toThrow(/no such cluster/);
  });
});
