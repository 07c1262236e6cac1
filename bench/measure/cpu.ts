import { readFileSync } from 'node:fs';

/** Clock ticks a second of the kernel's process accounting; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User + system time a process has used so far, in microseconds (proc(5), fields 14 and 15). */
export function cpuOfProcess(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}

/** Starts counting; the returned function gives the microseconds used since, all processes together. */
export function countCpu(pids: readonly number[]): () => number {
  const before = pids.map(cpuOfProcess);
  return () => pids.reduce((sum, pid, index) => sum + cpuOfProcess(pid) - (before[index] as number), 0);
}
