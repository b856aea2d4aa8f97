/** The start of the observer process, from an empty or a lived-in home to open ports. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Log } from '../obproxy/log';
import type { ObserverCommandLine } from './commandLine';
import { ObserverCounters } from './counters';
import { identity } from './edition';
import { faults } from './faults';
import { configure, fillData, openData, ownAddress, storeConfig } from './home';
import { ObserverNode } from './node';

/**
 * What comes behind the launcher's checks; resolves when the ports are open. Rejects with Died, or with the system's
 * error for a home that cannot be used; the log says why, as far as it can be written.
 */
export async function startObserverNode(home: string, line: ObserverCommandLine): Promise<ObserverNode> {
  for (const folder of ['run', 'log', 'etc', 'audit'])
    mkdirSync(path.join(home, folder), { recursive: true });
  writeFileSync(path.join(home, 'run/observer.pid'), `${process.pid}\n`);
  const log = new Log(home, 'log/observer.log', 'SERVER');
  const counters = new ObserverCounters(home);
  counters.count('startAttempts');
  try {
    const { version } = identity();
    const { config, first } = configure(home, line.config);
    const ip = ownAddress(config);
    const files = openData(home, config, first, version);
    storeConfig(home, config, log);
    fillData(home, config, version);
    for (const [name, value] of config) log.write('INFO', `[CONFIG] ${name} = ${value}`);
    const { startDelayMs } = faults(home);
    if (startDelayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, startDelayMs));
    const node = new ObserverNode({ home, ip, config, files, log, counters });
    await node.open();
    counters.count('starts');
    log.write('INFO', '[OBSERVER_NOTICE] observer (stand-in) start successfully');
    return node;
  } catch (error) {
    log.write(
      'ERROR',
      `[OBSERVER_NOTICE] fail to start: ${error instanceof Error ? error.message : String(error)}`,
    );
    throw error;
  }
}
