/**
 * What a host must have before an observer is installed on it (obd: system_limits_check, resource_check,
 * environment_check; OceanBase documentation, "Resource requirements"). Pure: facts in, findings out.
 */
import { isAtLeast } from './versions';

export type Level = 'ERROR' | 'WARN' | 'INFO';

export interface Finding {
  readonly level: Level;
  readonly text: string;
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

function atLeast(what: string, value: number, hard: number, recommended?: number): Finding {
  const shown = value === Number.POSITIVE_INFINITY ? 'unlimited' : String(value);
  if (!(value >= hard)) return { level: 'ERROR', text: `${what} is ${shown}, at least ${hard} is needed` };
  if (recommended !== undefined && value < recommended) {
    return { level: 'WARN', text: `${what} is ${shown}, ${recommended} is recommended` };
  }
  return { level: 'INFO', text: `${what} is ${shown}` };
}

function memory(facts: SizingFacts): Finding {
  const { memoryAvailableMib: free, memoryTotalMib: total } = facts;
  const text = `${free} MiB of ${total} MiB memory are available`;
  if (free < MEMORY) return { level: 'ERROR', code: 'OBE19019', text: `${text}, ${MEMORY} MiB are needed` };
  if (free < 2 * MEMORY) return { level: 'WARN', text: `${text}, ${2 * MEMORY} MiB are recommended` };
  return { level: 'INFO', text };
}

function disks(facts: SizingFacts): Finding[] {
  const disk = (name: string, free: number): Finding =>
    free < DISK
      ? {
          level: 'ERROR',
          code: 'CMP07050',
          text: `${free} MiB are free on the ${name}, ${DISK} MiB are needed`,
        }
      : { level: 'INFO', text: `${free} MiB are free on the ${name}` };
  const found = [disk('data disk', facts.dataFreeMib), disk('log disk', facts.logFreeMib)];
  if (facts.sameDisk) {
    found.push({ level: 'WARN', text: 'data and log are on one disk; two are recommended' });
  }
  return found;
}

function cpu({ architecture, cpuFlags, cpus }: SizingFacts): Finding[] {
  const wanted = architecture === 'aarch64' ? 'atomics' : 'avx';
  const flag: Finding = cpuFlags.includes(wanted)
    ? { level: 'INFO', text: `the CPU has ${wanted}` }
    : { level: 'ERROR', text: `the CPU has no ${wanted}, which OceanBase uses` };
  const count: Finding =
    cpus < 2
      ? { level: 'ERROR', code: 'OBE19018', text: `the host has ${cpus} CPU, at least 2 are needed` }
      : { level: 'INFO', text: `the host has ${cpus} CPUs` };
  return [flag, count];
}

/** Size and kernel settings of the host, judged by the profile. */
export function sizingFindings(facts: SizingFacts, profile: RequirementProfile): Finding[] {
  const found: Finding[] = [
    atLeast('fs.aio-max-nr less fs.aio-nr', facts.aioMaxNr - facts.aioNr, 20_000, 1_048_576),
    atLeast('the limit of open files (nofile)', facts.nofileHard, 20_000, 655_350),
    atLeast('the limit of processes (nproc)', facts.nprocHard, 4_096, 655_360),
    atLeast('vm.max_map_count', facts.maxMapCount, 327_600),
    atLeast('fs.file-max', facts.fileMax, 6_573_688),
    facts.overcommitMemory === 0
      ? { level: 'INFO', text: 'vm.overcommit_memory is 0' }
      : { level: 'WARN', text: `vm.overcommit_memory is ${facts.overcommitMemory}, 0 is recommended` },
    facts.minFreeKbytes >= 32_768 && facts.minFreeKbytes <= 2_097_152
      ? { level: 'INFO', text: `vm.min_free_kbytes is ${facts.minFreeKbytes}` }
      : {
          level: 'WARN',
          text: `vm.min_free_kbytes is ${facts.minFreeKbytes}, 32768 to 2097152 is recommended`,
        },
    memory(facts),
    ...disks(facts),
    ...cpu(facts),
  ];
  if (profile === 'production') return found;
  const accepted = found.map(
    (finding): Finding =>
      finding.level === 'ERROR'
        ? { level: 'WARN', text: `${finding.text}; accepted by OBFLOW_HOST_REQUIREMENTS=small` }
        : finding,
  );
  const floors: [string, number, number][] = [
    ['MiB of available memory', facts.memoryAvailableMib, MEMORY_FLOOR],
    ['MiB free on the data disk', facts.dataFreeMib, DISK_FLOOR],
    ['MiB free on the log disk', facts.logFreeMib, DISK_FLOOR],
  ];
  const below = floors.flatMap(([what, value, floor]): Finding[] =>
    value >= floor
      ? []
      : [{ level: 'ERROR', code: 'CMP07050', text: `${value} ${what}: below ${floor} nothing starts` }],
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
  const text = `its clock is ${Math.round(Math.abs(offsetMs))} ms (± ${Math.round(uncertaintyMs)} ms) from this worker's`;
  if (sure > tolerated) {
    return { level: 'ERROR', text: `${text}; OceanBase ${version} tolerates ${tolerated} ms, set up NTP` };
  }
  if (sure > tolerated / 4) return { level: 'WARN', text: `${text}; set up NTP` };
  return { level: 'INFO', text };
}
