/**
 * What a host must have before an observer is installed on it (obd: system_limits_check, resource_check,
 * environment_check; OceanBase documentation, "Resource requirements"). Pure: facts in, findings out.
 */

import { type Said, say, type Text, type Value } from '../runtime/messages/catalogue';
import { isAtLeast } from './versions';

export type Level = 'ERROR' | 'WARN' | 'INFO';

export interface Finding {
  readonly level: Level;
  readonly text: Said;
  /** Documented OCP code where one fits. */
  readonly code?: string;
}

/**
 * `production`: everything below its hard limit is an error. `small` (OBFLOW_HOST_REQUIREMENTS=small): what concerns
 * size and speed is a warning that says so, down to a floor below which nothing starts.
 */
export type RequirementProfile = 'production' | 'small';

export interface SizingFacts {
  readonly aioMaxNr: number;
  readonly aioNr: number;
  readonly fileMax: number;
  readonly maxMapCount: number;
  readonly minFreeKbytes: number;
  readonly overcommitMemory: number;
  /** Limits as the run user's processes get them; Infinity = unlimited. */
  readonly nofileHard: number;
  readonly nprocHard: number;
  readonly memoryAvailableMib: number;
  readonly memoryTotalMib: number;
  readonly dataFreeMib: number;
  readonly logFreeMib: number;
  readonly sameDisk: boolean;
  /** `uname -m`. */
  readonly architecture: string;
  /** Words of the flags (x86) or Features (arm) line. */
  readonly cpuFlags: readonly string[];
  readonly cpus: number;
}

const GIB = 1024;
/** Of the hard limits, in MiB. */
const MEMORY = 3 * GIB;
const DISK = 20 * GIB;
/** Of profile `small`, in MiB. */
const MEMORY_FLOOR = 64;
const DISK_FLOOR = 64;

function atLeast(what: Value, value: number, hard: number, recommended?: number): Finding {
  const shown = value === Number.POSITIVE_INFINITY ? 'unlimited' : String(value);
  if (!(value >= hard)) return { level: 'ERROR', text: say('size.needed', { what, shown, hard }) };
  if (recommended !== undefined && value < recommended) {
    return { level: 'WARN', text: say('size.recommended', { what, shown, recommended }) };
  }
  return { level: 'INFO', text: say('size.is', { what, shown }) };
}

function memory(facts: SizingFacts): Finding {
  const { memoryAvailableMib: free, memoryTotalMib: total } = facts;
  const text = say('size.memory', { free, total });
  if (free < MEMORY)
    return { level: 'ERROR', code: 'OBE19019', text: say('size.mibNeeded', { text, mib: MEMORY }) };
  if (free < 2 * MEMORY)
    return { level: 'WARN', text: say('size.mibRecommended', { text, mib: 2 * MEMORY }) };
  return { level: 'INFO', text };
}

function disks(facts: SizingFacts): Finding[] {
  const disk = (name: Text, free: number): Finding =>
    free < DISK
      ? {
          level: 'ERROR',
          code: 'CMP07050',
          text: say('size.diskNeeded', { free, disk: name, needed: DISK }),
        }
      : { level: 'INFO', text: say('size.diskFree', { free, disk: name }) };
  const found = [disk(say('size.dataDisk'), facts.dataFreeMib), disk(say('size.logDisk'), facts.logFreeMib)];
  if (facts.sameDisk) {
    found.push({ level: 'WARN', text: say('size.oneDisk') });
  }
  return found;
}

function cpu({ architecture, cpuFlags, cpus }: SizingFacts): Finding[] {
  const wanted = architecture === 'aarch64' ? 'atomics' : 'avx';
  const flag: Finding = cpuFlags.includes(wanted)
    ? { level: 'INFO', text: say('size.cpuHas', { wanted }) }
    : { level: 'ERROR', text: say('size.cpuLacks', { wanted }) };
  const count: Finding =
    cpus < 2
      ? { level: 'ERROR', code: 'OBE19018', text: say('size.tooFewCpus', { cpus }) }
      : { level: 'INFO', text: say('size.cpus', { cpus }) };
  return [flag, count];
}

/** Size and kernel settings of the host, judged by the profile. */
export function sizingFindings(facts: SizingFacts, profile: RequirementProfile): Finding[] {
  const found: Finding[] = [
    atLeast('fs.aio-max-nr minus fs.aio-nr', facts.aioMaxNr - facts.aioNr, 20_000, 1_048_576),
    atLeast(say('size.nofile'), facts.nofileHard, 20_000, 655_350),
    atLeast(say('size.nproc'), facts.nprocHard, 4_096, 655_360),
    atLeast('vm.max_map_count', facts.maxMapCount, 327_600),
    atLeast('fs.file-max', facts.fileMax, 6_573_688),
    facts.overcommitMemory === 0
      ? { level: 'INFO', text: say('size.overcommitZero') }
      : { level: 'WARN', text: say('size.overcommit', { value: facts.overcommitMemory }) },
    facts.minFreeKbytes >= 32_768 && facts.minFreeKbytes <= 2_097_152
      ? { level: 'INFO', text: say('size.minFree', { value: facts.minFreeKbytes }) }
      : {
          level: 'WARN',
          text: say('size.minFreeRecommended', { value: facts.minFreeKbytes }),
        },
    memory(facts),
    ...disks(facts),
    ...cpu(facts),
  ];
  if (profile === 'production') return found;
  const accepted = found.map(
    (finding): Finding =>
      finding.level === 'ERROR'
        ? { level: 'WARN', text: say('size.accepted', { text: finding.text }) }
        : finding,
  );
  const floors: [Text, number, number][] = [
    [say('size.mibMemory'), facts.memoryAvailableMib, MEMORY_FLOOR],
    [say('size.mibData'), facts.dataFreeMib, DISK_FLOOR],
    [say('size.mibLog'), facts.logFreeMib, DISK_FLOOR],
  ];
  const below = floors.flatMap(([what, value, floor]): Finding[] =>
    value >= floor
      ? []
      : [{ level: 'ERROR', code: 'CMP07050', text: say('size.belowFloor', { value, what, floor }) }],
  );
  return [...accepted, ...below];
}

/**
 * How far a host's clock is from the worker's, in ms, with the uncertainty of the measurement. OceanBase 4.x tolerates
 * 2 s between servers, 3.x and older 200 ms.
 */
export function clockFinding(version: string, offsetMs: number, uncertaintyMs: number): Finding {
  const tolerated = isAtLeast(version, '4.0') ? 2_000 : 200;
  const sure = Math.max(0, Math.abs(offsetMs) - uncertaintyMs);
  const text = say('clock.differs', {
    offset: Math.round(Math.abs(offsetMs)),
    uncertainty: Math.round(uncertaintyMs),
  });
  if (sure > tolerated) {
    return { level: 'ERROR', text: say('clock.tolerates', { text, version, tolerated }) };
  }
  if (sure > tolerated / 4) return { level: 'WARN', text: say('clock.setUpNtp', { text }) };
  return { level: 'INFO', text };
}
