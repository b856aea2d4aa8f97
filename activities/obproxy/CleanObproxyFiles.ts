import { subtask } from '../subtask';
import { PROXIES, skipsHost } from './proxiesOfTask';
import { proxyOf } from './proxy';
import { cleanFiles, remains } from './removal';

/** "Clean obproxy files": what the proxy and obflow have written; of a proxy that was taken over only the latter. */
export const CleanObproxyFiles = subtask({
  name: 'Clean obproxy files',
  className: 'obproxy.CleanObproxyFilesTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    if (await skipsHost(scope)) scope.log.warn(await remains(scope, proxy));
    else await cleanFiles(scope, await scope.host(), proxy);
    return undefined;
  },
});
