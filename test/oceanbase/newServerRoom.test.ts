/** What a server that is not there yet could hold at most: nothing that fits into the real one may be refused by it. */
import { DEFAULT_LIMITS, newServerRoom } from '../../oceanbase/newServerRoom';

const GIB = 1024 ** 3;
const host = { cpus: 8, memory: 32 * GIB, logDisk: 100 * GIB };
const given = (text: string) =>
  text.split(',').map((part) => {
    const [name = '', value = ''] = part.split('=');
    return { name, value };
  });

test('parameters of the first start win over the host, in whatever unit they are written', () => {
  expect(newServerRoom(given('memory_limit=8G,cpu_count=4,log_disk_size=30G'), host)).toEqual({
    ...{ cpu: 4, memory: 8 * GIB, logDisk: 30 * GIB },
  });
  // Without a unit OceanBase reads MiB.
  expect(newServerRoom(given('memory_limit=8192'), host).memory).toBe(8 * GIB);
  expect(newServerRoom(given('MEMORY_LIMIT=8192M'), host).memory).toBe(8 * GIB);
});

test('what is 0, or no size at all, is left to the host', () => {
  for (const text of ['memory_limit=0,cpu_count=0,log_disk_size=0M', 'memory_limit=x,cpu_count=x'])
    expect(newServerRoom(given(text), host)).toEqual({ cpu: 8, memory: 0.8 * 32 * GIB, logDisk: 100 * GIB });
});

test("a percentage of the request wins over the cluster's, and the cluster's over the default", () => {
  const limits = { ...DEFAULT_LIMITS, memoryPercentage: 50 };
  expect(newServerRoom([], host, limits).memory).toBe(16 * GIB);
  expect(newServerRoom(given('memory_limit_percentage=90'), host, limits).memory).toBeCloseTo(28.8 * GIB);
});

test('a memory_limit that other servers show may be for all, but never for more than the host has', () => {
  expect(newServerRoom([], host, { ...DEFAULT_LIMITS, memoryLimits: [0, 30 * GIB] }).memory).toBe(30 * GIB);
  expect(newServerRoom([], host, { ...DEFAULT_LIMITS, memoryLimits: [64 * GIB] }).memory).toBe(32 * GIB);
});

test('cores are counted as often as resource_hard_limit says, and what OceanBase keeps for itself not at all', () => {
  expect(newServerRoom(given('cpu_count=4'), host, { ...DEFAULT_LIMITS, hardLimit: 200 }).cpu).toBe(8);
  expect(newServerRoom(given('memory_limit=10G,system_memory=3G'), host).memory).toBe(7 * GIB);
});

test('a host that could not be looked at is no limit', () => {
  expect(newServerRoom(given('cpu_count=4'), undefined)).toEqual({
    ...{ cpu: 4, memory: Infinity, logDisk: Infinity },
  });
});
