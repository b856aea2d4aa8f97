import { otherProxyFindings } from '../../activities/obproxy/takeOver/running';
import { subtask } from '../../activities/subtask';
import type { OpenScope, SubtaskScope } from '../../activities/types';
import type { HostProcess } from '../../hosts/types';

describe('the adopting half of a subtask', () => {
  const scope = (takeOver: string | undefined): OpenScope =>
    ({
      input: { context: { stringMap: takeOver === undefined ? {} : { [takeOver]: 'true' }, listMap: {} } },
      host: async () => ({ once: async () => 'ran', uploadFile: async () => 'sent' }),
      once: async () => 'ran',
    }) as unknown as OpenScope;

  test.each(['obproxy_take_over', 'ob_cluster_take_over'])(
    'gets a host on which nothing can be run, sent or stopped, in undo as well: %s',
    async (key) => {
      const attempts = async (given: SubtaskScope) => {
        const host = await given.host();
        await expect(host.once({} as never, '')).rejects.toThrow(RangeError);
        await expect(host.stopOnce({} as never)).rejects.toThrow(RangeError);
        await expect(host.uploadFile('', '', '')).rejects.toThrow(RangeError);
        await expect(host.writeFile('/etc/x', '', { mode: '0600' })).rejects.toThrow(RangeError);
        await expect(given.once('x', '')).rejects.toThrow(RangeError);
      };
      const adopt = {
        run: async (given: SubtaskScope) => {
          await attempts(given);
          return undefined;
        },
        rollback: attempts,
      };
      const both = subtask({
        name: 'Some step',
        className: 'obproxy.SomeTask',
        timeout: 30,
        needs: { obproxy_take_over: 'value?' },
        run: async () => Promise.reject(new Error('installed')),
        takeOver: adopt,
      });
      await both.run(scope(key));
      await both.rollback(scope(key));
      await expect(both.run(scope(undefined))).rejects.toThrow('installed');
      expect.assertions(11);
    },
  );
});

describe('other proxies on the host of one that is taken over', () => {
  const proxy = (pid: number, cwd: string) =>
    ({ pid, cwd, user: 'admin', comm: 'obproxy', args: ['./bin/obproxy'] }) as unknown as HostProcess;
  const mine = proxy(10, '/home/admin/obproxy-4.3.1.0');
  const found = (...others: HostProcess[]) =>
    otherProxyFindings({ process: mine, others } as unknown as Parameters<typeof otherProxyFindings>[0]);

  test('in its own home there may be none: two would write one configuration', () => {
    expect(found(proxy(11, mine.cwd), proxy(12, '/srv/other'))).toEqual([
      expect.objectContaining({ level: 'ERROR', type: 'ProcessExists', code: 'COM32001' }),
    ]);
  });

  test('in other homes they are named and left alone', () => {
    expect(found(proxy(12, '/srv/other'))).toEqual([
      { level: 'WARN', text: expect.objectContaining({ en: expect.stringContaining('pid 12 of admin') }) },
    ]);
    expect(found()).toEqual([
      { level: 'INFO', text: expect.objectContaining({ en: 'No other OBProxy runs on the host' }) },
    ]);
  });
});
