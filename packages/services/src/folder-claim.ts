import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another living process works in the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
  readonly pid: number;
  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}`);
    this.pid = pid;
  }
}

export type FolderClaim = { release(): void };

/** A server whose parent was killed gets TERM from the kernel and needs a moment to write its last pages. */
const WAIT_FOR_PREVIOUS_MS = 10_000;
const LOOK_AGAIN_MS = 25;

/**
 * Waits until the process that last claimed `folder` has ended, at most 10 s, then claims it for `pid`. Redis does not lock its
 * append-only file: two servers on one folder would mix their writes. A pid that was given to somebody else meanwhile is told apart by the
 * moment its process began. Two claims within the same millisecond are not told apart: one launcher owns a data folder.
 */
export async function waitForFolder(folder: string, name: string, waitMs: number = WAIT_FOR_PREVIOUS_MS): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const deadline = performance.now() + waitMs;
  for (;;) {
    const holder = livingHolder(join(folder, `${name}.claim`));
    if (holder === undefined) return;
    if (performance.now() >= deadline) throw new FolderInUse(folder, holder);
    await sleep(LOOK_AGAIN_MS);
  }
}

export function writeClaim(folder: string, name: string, pid: number): FolderClaim {
  const file = join(folder, `${name}.claim`);
  writeFileSync(file, `${pid} ${beganAt(pid) ?? 0}\n`);
  return { release: () => rmSync(file, { force: true }) };
}

/** For a launcher: its own claim on its data folder. */
export async function claimFolder(folder: string, name: string, waitMs: number): Promise<FolderClaim> {
  await waitForFolder(folder, name, waitMs);
  return writeClaim(folder, name, process.pid);
}

function livingHolder(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [pid, began] = text.trim().split(' ').map(Number);
  if (pid === undefined || !Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  return beganAt(pid) === began ? pid : undefined;
}

/** Clock ticks since boot at which a living process began; nothing for one that has ended or is a zombie. */
function beganAt(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}
