import { absenceText, lookForService } from '../../activities/host/serviceProcesses';
import type { Host, HostProcess } from '../../hosts/types';

const proxy = (cwd: string): HostProcess => ({
  pid: 399,
  ppid: 1,
  comm: 'obproxy',
  args: ['./bin/obproxy', '-p', '2883'],
  user: 'admin',
  cwd,
  exe: '',
  startTime: '4711',
});
/** What a look at the home sees of a host on which one proxy runs in `cwd`; '' when /proc does not tell. */
const seen = (cwd: string) => {
  const observe: Host['observe'] = async (path) => ({
    processes: [proxy(cwd)],
    listeners: [],
    resolved: path,
  });
  return lookForService({ observe } as Host, '/home/admin/obproxy', 'obproxy');
};

describe('A proxy that is not found', () => {
  it('is gone when the others of its name are known to work elsewhere', async () => {
    expect(absenceText(await seen('/somewhere/else')).en).toBe('the process is gone');
  });

  it('is not called gone when a container hides whose process runs; the capability it lacks is named', async () => {
    expect(absenceText(await seen('')).en).toMatch(
      /^pid 399 of admin: \.\/bin\/obproxy -p 2883: runs, .*\/proc\/399\/cwd .*SYS_PTRACE$/,
    );
  });
});
