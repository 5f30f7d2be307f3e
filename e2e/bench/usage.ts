import { readFile } from 'node:fs/promises';

/** Clock ticks a second in /proc (USER_HZ, the same on every Linux that Node runs on). */
const TICKS_PER_SECOND = 100;

/** Memory of a process in MiB. */
export interface MemoryUsage {
  /** Resident now. */
  readonly resident: number;
  /** The most that was ever resident. */
  readonly peak: number;
}

/** @throws {Error} when there is no such process */
export async function memoryOf(pid: number): Promise<MemoryUsage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_024;
  return { resident: read('VmRSS'), peak: read('VmHWM') };
}

/** Processor time that a process has had, in seconds: user and system, all threads. @throws {Error} when there is none */
export async function processorTimeOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
