import { newProxyIds } from '../../oceanbase/proxyIds';

const id = (serverId: number, proxyId: number, version = 1) => ({ serverId, proxyId, version });
const FIRST = (): number => 0;

describe('proxy_id after an upgrade', () => {
  test('stays where it is set and nobody else has it', () => {
    expect(newProxyIds([id(1, 7), id(2, 8)], [1, 2])).toEqual(new Map());
  });

  test('is given to those that have none, each another', () => {
    const given = newProxyIds([id(1, 0), id(2, 0), id(3, 1)], [1, 2], FIRST);
    expect(given).toEqual(
      new Map([
        [1, 2],
        [2, 3],
      ]),
    );
  });

  test('is changed where another of the cluster has it, of the task or not', () => {
    expect(newProxyIds([id(1, 5), id(2, 5), id(3, 5)], [2, 3], FIRST)).toEqual(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    expect(newProxyIds([id(1, 5), id(2, 5)], [1, 2], FIRST)).toEqual(new Map([[2, 1]]));
  });

  test('is never changed of a proxy that the task is not about', () => {
    expect(newProxyIds([id(1, 0), id(2, 0)], [2], FIRST)).toEqual(new Map([[2, 1]]));
  });

  test('fits the form of session ids: 255 at most with version 1, 8191 with version 2', () => {
    const last = (): number => 0.999999;
    expect(newProxyIds([id(1, 300)], [1], last)).toEqual(new Map([[1, 255]]));
    expect(newProxyIds([id(1, 300, 2)], [1], last)).toEqual(new Map());
    expect(newProxyIds([id(1, 0, 2)], [1], last)).toEqual(new Map([[1, 8191]]));
  });

  test('stays 0 when every id is taken', () => {
    const all = Array.from({ length: 255 }, (_, index) => id(index + 10, index + 1));
    expect(newProxyIds([id(1, 0), ...all], [1])).toEqual(new Map());
  });
});
