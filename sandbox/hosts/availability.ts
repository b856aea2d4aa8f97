import { spawnSync } from 'node:child_process';
import { missingHostToolsAdvice, TOOL_PATH } from '../setup/packages';

let known: { readonly reason: string | undefined } | undefined;

function look(): string | undefined {
  if (process.platform !== 'linux') {
    return `test hosts need Linux (this is ${process.platform}); run in a Linux machine or VM`;
  }
  const advice = missingHostToolsAdvice();
  if (advice !== undefined) {
    return advice;
  }
  if (process.getuid?.() !== 0) {
    return (
      process.env.OBFLOW_TEST_HOSTS_REFUSED ??
      'test hosts need root or a user namespace; run this as: node dist/sandbox/setup/main.js COMMAND'
    );
  }
  const tried = spawnSync(
    'unshare',
    ['--mount', '--pid', '--net', '--uts', '--ipc', '--fork', 'ip', 'link', 'set', 'lo', 'up'],
    { encoding: 'utf8', env: { PATH: TOOL_PATH, LC_ALL: 'C' } },
  );
  if (tried.status !== 0) {
    const said = tried.stderr.trim().split('\n').at(-1) ?? '';
    return `test hosts need namespaces, which this machine refuses (${said}); in a container start it with: docker run --privileged`;
  }
  return undefined;
}

/** Why no test host can run here, in one line with what to do; undefined when they can. Looked up once per process. */
export function fleetUnavailable(): string | undefined {
  known ??= { reason: look() };
  return known.reason;
}
