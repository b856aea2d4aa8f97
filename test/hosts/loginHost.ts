import type { Host, Hosts } from '../../hosts';
import { type Fleet, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { addressOf, hostsWithPins } from './reach';

/** One test host for the tests of a `describe`, and connections to it that end with the test that opened them. */
export interface LoginHost {
  host(): TestHost;
  reach(): Promise<Host>;
}

/** @param tidy makes the host as it was, after each test */
export function useLoginHost(tidy: (host: TestHost) => Promise<unknown>): LoginHost {
  let fleet: Fleet;
  const opened: Hosts[] = [];
  const host = (): TestHost => fleet.hosts[0]!;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((hosts) => hosts.close()));
    await tidy(host());
  });
  afterAll(() => fleet?.stop());
  return {
    host,
    async reach() {
      const hosts = hostsWithPins();
      opened.push(hosts);
      return hosts.open(addressOf(fleet));
    },
  };
}
