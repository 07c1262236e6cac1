import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a child ended: its code, or the signal that ended it. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Child = {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Set once the child has ended. */
  exit(): Exit | undefined;
};

export type ChildOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio: StdioOptions;
  /** False for a program that notices its parent's death by itself. */
  readonly endsWithParent?: boolean;
};

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/**
 * Starts a child that ends with its parent however the parent dies: the kernel sends it TERM (`setpriv --pdeathsig`, util-linux; the
 * child keeps its pid because setpriv replaces itself). Must be called from the main thread, whose death is what counts. The child leads
 * a process group of its own, so that Ctrl-C reaches only the parent, which then stops its children in order. Where there is no setpriv
 * a child outlives a parent killed by -9; Node apps still end by their IPC channel.
 */
export function startChild(options: ChildOptions): Child {
  const plain = [options.command, ...options.args];
  const line = SETPRIV && options.endsWithParent !== false ? [SETPRIV, '--pdeathsig', 'TERM', '--', ...plain] : plain;
  const [command, ...args] = line as [string, ...string[]];
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: options.stdio, detached: true });
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      done(exit);
    });
  });
  // A start that fails is reported to whoever awaits `exited`; nobody may be awaiting it yet.
  exited.catch(() => undefined);
  return { process: child, pid: child.pid ?? -1, exited, exit: () => exit };
}

/**
 * TERM, then KILL when the child is still there after `graceMs`. Resolves once it has ended; harmless when it already has.
 * `repeatMs`: TERM is sent again at this interval, for a server that refuses it at a bad moment and forgets it (Redis while it writes its
 * first append-only file).
 */
export async function stopChild(child: Child, graceMs: number, repeatMs: number = graceMs): Promise<Exit> {
  const deadline = performance.now() + graceMs;
  while (child.exit() === undefined && performance.now() < deadline) {
    child.process.kill('SIGTERM');
    const patience = new AbortController();
    const wait = sleep(Math.min(repeatMs, graceMs), undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([child.exited, wait]);
    patience.abort();
  }
  return killChild(child);
}

export async function killChild(child: Child): Promise<Exit> {
  if (child.exit() === undefined) child.process.kill('SIGKILL');
  return child.exited;
}
