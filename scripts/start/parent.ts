import { readFileSync } from 'node:fs';

const LOOK_MS = 250;

/**
 * Calls `gone` once when npm, under which we were started, has died. npm starts a shell and the shell starts us; kill -9 of npm leaves
 * both alive, so the parents up to npm are watched. Started without npm, nobody is: a terminal that closes sends HUP.
 */
export function watchParents(env: NodeJS.ProcessEnv, gone: () => void): { stop(): void } {
  if (env['npm_lifecycle_event'] === undefined) return { stop: () => undefined };
  const before = parents();
  const timer = setInterval(() => {
    if (parents().join() === before.join()) return;
    clearInterval(timer);
    gone();
  }, LOOK_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Our parent, and its parent when ours is but the shell that npm put between. */
function parents(): number[] {
  const parent = process.ppid;
  const { name, parent: grandparent } = statusOf(parent);
  return /^(sh|dash|bash|ash|zsh)$/.test(name) ? [parent, grandparent] : [parent];
}

function statusOf(pid: number): { name: string; parent: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const close = stat.lastIndexOf(')');
    return { name: stat.slice(stat.indexOf('(') + 1, close), parent: Number(stat.slice(close + 2).split(' ')[1]) };
  } catch {
    return { name: '', parent: 0 };
  }
}
