import { readFileSync } from 'node:fs';
import os from 'node:os';

/** One line of bench/results.json. `target` says what it should be, in words. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly target: string;
}

/** Runs `work` and returns how many milliseconds it took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function result(name: string, unit: string, rounds: readonly number[], target: string): BenchResult {
  return { name, unit, min: Math.min(...rounds), median: median(rounds), max: Math.max(...rounds), target };
}

export function printResult(line: BenchResult): void {
  const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));
  console.log(
    `${line.name.padEnd(62)} ${number(line.median).padStart(8)} ${line.unit.padEnd(6)} (${number(line.min)} - ${number(line.max)})  target ${line.target}`,
  );
}

/** Share of the CPU that the hypervisor gave to others since `before`, in percent; a noisy machine shows here. */
export function stealSince(before: CpuTimes): number {
  const now = cpuTimes();
  const total = now.total - before.total;
  return total === 0 ? 0 : (100 * (now.steal - before.steal)) / total;
}

export interface CpuTimes {
  readonly total: number;
  readonly steal: number;
}

export function cpuTimes(): CpuTimes {
  const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { total: fields.slice(0, 8).reduce((sum, value) => sum + value, 0), steal: fields[7] ?? 0 };
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}

export function machine(): string {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown CPU';
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.cpus().length} cores (${model}), ${memory} GiB, Linux ${os.release()}, Node ${process.versions.node}`;
}
