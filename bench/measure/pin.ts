import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whether processes can be held to one core each: two cores and `taskset` of util-linux. */
export function canPin(): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export type Cores = readonly number[] | 'all';
/** All threads of the process; what it starts later inherits it. */
export function pin(pid: number, cores: Cores): void {
  execFileSync('taskset', ['-acp', cores === 'all' ? ALL : cores.join(','), String(pid)], { stdio: 'ignore' });
}
/** Those that this process may use when the bench begins. */
const ALL = `0-${availableParallelism() - 1}`;
