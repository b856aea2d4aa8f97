import { quote } from '../../hosts/quote';
import type { TestHost } from '../../sandbox/hosts/fleet';
import { until } from './until';

/** Holds rpm's transaction lock as another rpm would, until the answer is called. */
export async function holdRpmLock(host: TestHost): Promise<() => Promise<void>> {
  const program = `
    use Fcntl;
    open(my $lock, ">>", "/var/lib/rpm/.rpm.lock") or die;
    my $whole = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
    fcntl($lock, F_SETLK, $whole) or die;
    open(my $mark, ">", "/run/lock-held") or die;
    sleep 300;`;
  await host.sh(`setsid perl -e ${quote(program)} </dev/null >/dev/null 2>&1 & echo $! >/run/lock-pid`);
  await until('the lock', async () => (await host.sh('[ -e /run/lock-held ]')).exitCode === 0);
  return async () => {
    await host.sh('kill "$(cat /run/lock-pid)"; rm -f /run/lock-held');
  };
}
