import { readFileSync } from 'node:fs';

/** Where the system does not say: what it grants nearly everywhere. */
const LIMIT_USUAL = 1_024;
/** Kept for files, stores, connections to the apps and whatever is being refused. */
const RESERVE_MAX = 1_024;

/** How many files and connections this process may have open. Node raises its own soft limit to the hard one at its start. */
export function descriptorLimit(limits: string = readLimits()): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return soft === undefined ? LIMIT_USUAL : Number(soft);
}

/** How many sockets of `each` descriptors fit below the limit, with a reserve for everything else. */
export function socketsWithin(limit: number, each: number, wanted: number): number {
  const reserve = Math.min(RESERVE_MAX, Math.floor(limit / 4));
  return Math.min(wanted, Math.floor((limit - reserve) / each));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
