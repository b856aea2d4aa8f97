/** What a server that is yet to be made could hold, in a request: by its parameters, and by its host, which is looked at. */
import { lookAtHost } from '../activities/observer/hostLook';
import { lookAtLimits } from '../contact/lookAtStop';
import { inGib } from '../oceanbase/deleteVerdict';
import { type HostSize, newServerRoom } from '../oceanbase/newServerRoom';
import type { ParameterValue } from '../oceanbase/parameters';
import type { Resources } from '../oceanbase/units';
import { PermanentError, saidOf, TransientError } from '../runtime/errors';
import { type Said, say, type Text, type Value } from '../runtime/messages/catalogue';
import type { HostRow, ObClusterRow } from '../store/types';
import { askingCluster } from './obServers';
import type { HostFinding, InspectScope } from './types';

export interface CountedRoom {
  /** Infinity for what nobody tells. */
  readonly room: Resources;
  /** What was counted with. */
  readonly text: Text;
  /** Of what nobody tells: the task finds out when the server stands. */
  readonly warnings: readonly HostFinding[];
}

const MIB = 1024 ** 2;

/** Its size, or why nobody can tell. Where hosts are allowed to be small, OceanBase's own parameters alone decide. */
async function sizeOf(scope: InspectScope, hostId: number): Promise<HostSize | { readonly why: Said }> {
  if (scope.hostRequirements === 'small') return { why: say('replace.smallHosts') };
  try {
    const { sizing } = await lookAtHost(await scope.openHost(hostId));
    const { cpus, memoryTotalMib, logFreeMib } = sizing;
    if (![cpus, memoryTotalMib, logFreeMib].every(Number.isFinite)) return { why: say('replace.hostUntold') };
    return { cpus, memory: memoryTotalMib * MIB, logDisk: logFreeMib * MIB };
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    return { why: saidOf(error) };
  }
}

/** Throws Refusal OBE11007 when the cluster refuses the question. */
export async function countedRoom(
  scope: InspectScope,
  {
    cluster,
    host,
    parameters,
  }: {
    readonly cluster: ObClusterRow;
    readonly host: Pick<HostRow, 'id' | 'ip'>;
    readonly parameters: readonly ParameterValue[];
  },
): Promise<CountedRoom> {
  const size = await sizeOf(scope, host.id);
  const limits = await askingCluster(scope, cluster, lookAtLimits);
  const room = newServerRoom(parameters, 'why' in size ? undefined : size, limits);
  const number = (value: number, shown: (value: number) => string): Value =>
    Number.isFinite(value) ? shown(value) : say('replace.any');
  const text = say('replace.counted', {
    ip: host.ip,
    cpu: number(room.cpu, String),
    memory: number(room.memory, inGib),
    log: number(room.logDisk, inGib),
  });
  const untold = Object.values(room).some((one) => !Number.isFinite(one));
  if (!untold || !('why' in size)) return { room, text, warnings: [] };
  const message = say('replace.untold', { ip: host.ip, why: size.why });
  return { room, text, warnings: [{ hostId: host.id, level: 'WARN', message }] };
}
