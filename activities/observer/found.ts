/** An OBServer that runs already, found on its host by its ports. Only looks. */
import { resolve } from 'node:path/posix';
import type { Host, HostProcess } from '../../hosts/types';
import type { Finding } from '../../oceanbase/obproxyRunning';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { packageFileName } from '../../oceanbase/packageName';
import { say } from '../../runtime/messages/catalogue';
import type { AdoptedObserver } from '../../store/types';
import { programPath } from '../host/program';
import { holderText, processText } from '../host/serviceProcesses';
import { lookForObservers } from './process';

interface Ports {
  readonly sqlPort: number;
  readonly rpcPort: number;
}

/** The observer that holds both ports, or why there is none that could be taken over. */
export async function observerOnPorts(
  host: Host,
  { sqlPort, rpcPort }: Ports,
): Promise<{ readonly process: HostProcess } | { readonly finding: Finding }> {
  const look = await lookForObservers(host, '/');
  for (const port of [rpcPort, sqlPort]) {
    const holders = look.listeners.filter((listener) => listener.port === port).map(({ pid }) => pid);
    if (look.others.some(({ pid }) => holders.includes(pid))) continue;
    const held = holderText(look, port);
    return {
      finding: {
        level: 'ERROR',
        type: 'ObserverNotFound',
        code: 'OBE11053',
        text:
          held === undefined
            ? say('obTakeOver.nobodyListens', { ip: host.ip, port })
            : say('obTakeOver.heldByOther', { ip: host.ip, port, holder: held }),
        next: say('obTakeOver.nextHost'),
      },
    };
  }
  const pids = look.listeners.filter(({ port }) => port === rpcPort).map(({ pid }) => pid);
  const process = look.others.find(({ pid }) => pids.includes(pid));
  if (process === undefined) throw new RangeError('the holder of the port is among the observers');
  if (process.cwd === '') {
    const text = say('obTakeOver.hidden', { ip: host.ip, process: processText(process) });
    return {
      finding: {
        level: 'ERROR',
        type: 'ObserverHidden',
        code: 'OBE11053',
        text,
        next: say('obTakeOver.nextReadable'),
      },
    };
  }
  if (process.user !== RUN_USER) {
    return {
      finding: {
        level: 'ERROR',
        type: 'ObserverOwnerDiffers',
        code: 'OBE11054',
        text: say('obTakeOver.otherUser', { ip: host.ip, process: processText(process), user: RUN_USER }),
        next: say('obTakeOver.nextUser', { user: RUN_USER }),
      },
    };
  }
  return { process };
}

/** @param dataDir as the server says it; relative to its home */
export async function adoptedObserver(
  host: Host,
  process: HostProcess,
  dataDir: string | undefined,
): Promise<AdoptedObserver> {
  const program = programPath(process, 'observer');
  const { rpm } = await host.facts();
  const part = rpm ? await host.rpmOwner(program) : undefined;
  return {
    ...{ user: process.user, program },
    dataDir: dataDir === undefined || dataDir === '' ? null : resolve(process.cwd, dataDir),
    package: part === undefined ? null : packageFileName(part).replace(/\.rpm$/, ''),
  };
}
