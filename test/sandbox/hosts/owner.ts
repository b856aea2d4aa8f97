import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFleet } from '../../../sandbox/hosts/fleet';
import { publishPort } from '../../../sandbox/hosts/publishPort';
import { reexecInUserNamespace } from '../../../sandbox/hosts/userNamespace';

/**
 * A program that has a fleet, for tests of what happens when it ends: prints one line of JSON when its hosts are up and
 * then, by its argument, stops them (`stop`), ends without a word (`leave`), or waits to be killed (`wait`).
 */
async function main(): Promise<void> {
  const code = await reexecInUserNamespace();
  if (code !== undefined) {
    process.exitCode = code;
    return;
  }
  const fleet = await startFleet({ hosts: 2 });
  const answers = await Promise.all(
    fleet.hosts.map((host) => host.sh('id -u; runuser -u admin -- id -u; rpm -q sandbox-base')),
  );
  const server = createServer((_request, response) => response.end('hello from inside'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const published = await publishPort((server.address() as AddressInfo).port);
  console.log(
    JSON.stringify({
      published,
      pid: process.pid,
      key: fleet.privateKeyFile,
      gateway: fleet.gateway,
      answers: answers.map((answer) => answer.stdout.trim().split('\n')),
    }),
  );
  if (process.argv[2] === 'wait') {
    return;
  }
  if (process.argv[2] === 'stop') {
    await fleet.stop();
  }
  server.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
