import { crowdedPair, slotPairs } from '../../oceanbase/proxyroSlots';

const link = (clusterName: string, password: string) => ({ clusterName, password });

test('clusters of one name share two slots from 4.0 on, all clusters before', () => {
  const links = [link('a', '1'), link('a', '2'), link('b', '1'), link('a', '2')];
  expect(slotPairs(links, true)).toEqual([
    { clusterName: 'a', links: [link('a', '1'), link('a', '2')] },
    { clusterName: 'b', links: [link('b', '1')] },
  ]);
  expect(slotPairs(links, false)).toEqual([{ clusterName: '', links: [link('a', '1'), link('a', '2')] }]);
  expect(crowdedPair(links, true)).toBeUndefined();
  expect(crowdedPair([...links, link('b', '3')], true)).toBeUndefined();
  expect(crowdedPair([...links, link('b', '3')], false)?.links).toHaveLength(3);
  expect(crowdedPair([...links, link('a', '3')], true)?.clusterName).toBe('a');
});
