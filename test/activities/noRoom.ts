import type { TestHost } from '../../sandbox/hosts/fleet';

/** A folder of the host has no byte left while `work` is at it. */
export async function withoutRoom<T>(host: TestHost, folder: string, work: () => Promise<T>): Promise<T> {
  const filled = await host.sh(`
    set -e; mkdir -p ${folder}; mount -t tmpfs -o size=4k none ${folder}
    head -c 4096 /dev/zero >${folder}/full; ! echo more >${folder}/more`);
  expect(filled).toMatchObject({ exitCode: 0 });
  try {
    return await work();
  } finally {
    expect(await host.sh(`umount ${folder}`)).toMatchObject({ exitCode: 0, stderr: '' });
  }
}
