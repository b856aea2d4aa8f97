import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import type { RuntimeConfig } from '../../runtime/config';
import { obflowVersion } from '../../runtime/version';
import { type Finding, ok, problem, warning } from './finding';

const OLDEST_NODE = [20, 3];
/** A package has some hundred megabytes. */
const LITTLE_SPACE = 2 * 1024 ** 3;

export function versions(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldest = 0, oldestMinor = 0] = OLDEST_NODE;
  const message = `obflow ${obflowVersion()} on Node ${process.version}`;
  return major > oldest || (major === oldest && minor >= oldestMinor)
    ? ok('versions', message)
    : problem('versions', message, `Install Node ${OLDEST_NODE.join('.')} or later.`);
}

/** Whether the data folder can be used, and by nobody else. */
export async function dataFolder({ dataDir }: RuntimeConfig): Promise<Finding> {
  const check = 'data folder';
  const facts = await stat(dataDir).catch(({ code }: NodeJS.ErrnoException) => ({ code }));
  if ('code' in facts) {
    if (facts.code === 'ENOENT') {
      return warning(
        check,
        `${dataDir} does not exist.`,
        'The first start makes it; if there was one, set OBFLOW_DATA_DIR to its place.',
      );
    }
    return problem(
      check,
      `${dataDir} cannot be looked at (${facts.code}).`,
      `Run this as the user that runs obflow (now: id ${process.getuid?.()}).`,
    );
  }
  if (!facts.isDirectory()) {
    return problem(check, `${dataDir} is no folder.`, 'Set OBFLOW_DATA_DIR to a folder.');
  }
  const writable = await access(dataDir, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    return problem(
      check,
      `${dataDir} may not be written by this user (id ${process.getuid?.()}); it belongs to id ${facts.uid}.`,
      `Run this as that user, or: chown -R ${process.getuid?.()} ${dataDir}`,
    );
  }
  if ((facts.mode & 0o077) !== 0) {
    const mode = (facts.mode & 0o777).toString(8).padStart(4, '0');
    return warning(check, `${dataDir} is open to other users (mode ${mode}).`, `Run: chmod 700 ${dataDir}`);
  }
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const gibibytes = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  return free < LITTLE_SPACE
    ? warning(check, `${dataDir}: ${gibibytes}.`, 'Make room: uploaded packages and the database lie there.')
    : ok(check, `${dataDir}, for its owner only, ${gibibytes}`);
}
