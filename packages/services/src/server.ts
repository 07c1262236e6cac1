import { openSync, closeSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { killChild, startChild, stopChild, type Child, type Exit } from './child.ts';
import { waitForFolder, writeClaim } from './folder-claim.ts';
import { freePort, PORT_ATTEMPTS_MAX } from './ports.ts';

/*
 *            start                    answers
 *  (nothing) ─────► starting ───────────────────────► running ──── stop (TERM, then KILL after the grace) ──► ended
 *                      │ port taken: again with another   │ └───── kill (KILL) ──────────────────────────────► ended
 *                      │ (≤ 5 times, unless it was named) └─────── dies by itself ───────────────────────────► ended
 *                      └ anything else: throws                                                        ended ── restart ──► starting
 * The port of the first start is kept by every restart.
 */

export type ServerPlan = {
  readonly name: string;
  readonly folder: string;
  /** The port to listen on; without it a free one. */
  readonly port?: number | undefined;
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  /** True once the server that this process started serves requests on `port`. Must not throw. */
  readonly answers: (port: number, pid: number) => Promise<boolean>;
  /** Where the server writes what went wrong; its last lines go into the message of a failed start. */
  readonly logFile: string;
  /** Longest time from start to the first answer: crash recovery of a large redo log included. */
  readonly readyMs: number;
  /** Longest time a clean stop may take before it is killed. */
  readonly graceMs: number;
};

export type Server = {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  /** Of the running server; changes with each restart. */
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when the server that runs now has ended, by whatever cause. */
  ended(): Promise<Exit>;
  /** Clean stop: the data is on disk afterwards. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; stops it first when it runs. */
  restart(): Promise<void>;
};

const PROBE_MS = 5;
const TERM_AGAIN_MS = 200;
const LOG_TAIL_LINES = 12;
const ADDRESS_TAKEN = /Address already in use|Could not create server TCP listening socket|Do you already have another/i;

export async function startServer(plan: ServerPlan): Promise<Server> {
  let { child, port } = await firstStart(plan);
  const stop = async (): Promise<void> => {
    await stopChild(child, plan.graceMs, TERM_AGAIN_MS);
  };
  return {
    name: plan.name,
    folder: plan.folder,
    get port() {
      return port;
    },
    get pid() {
      return child.pid;
    },
    get running() {
      return child.exit() === undefined;
    },
    ended: () => child.exited,
    stop,
    kill: async () => {
      await killChild(child);
    },
    restart: async () => {
      await stop();
      ({ child, port } = await startOn(plan, port));
    },
  };
}

type Started = { readonly child: Child; readonly port: number };

async function firstStart(plan: ServerPlan): Promise<Started> {
  if (plan.port !== undefined) return startOn(plan, plan.port);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(plan, await freePort());
    } catch (error) {
      if (attempt === PORT_ATTEMPTS_MAX || !(error instanceof StartFailed) || !error.addressTaken) throw error;
    }
  }
}

class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly addressTaken: boolean;
  constructor(plan: ServerPlan, why: string) {
    const log = tailOf(plan.logFile);
    super(`${plan.name} did not start: ${why}. The end of ${plan.logFile}:\n${log}`);
    this.addressTaken = ADDRESS_TAKEN.test(log);
  }
}

async function startOn(plan: ServerPlan, port: number): Promise<Started> {
  await waitForFolder(plan.folder, plan.name);
  const log = openSync(plan.logFile, 'w', 0o600);
  const child = startChild({ command: plan.command, args: plan.args(port), cwd: plan.folder, env: quietEnvironment(), stdio: ['ignore', log, log] });
  closeSync(log);
  if (child.pid > 0) writeClaim(plan.folder, plan.name, child.pid);
  const deadline = performance.now() + plan.readyMs;
  while (!(await plan.answers(port, child.pid))) {
    const exit = child.exit();
    if (child.pid < 0) await child.exited;
    if (exit) throw new StartFailed(plan, `it ended with ${exit.signal ?? `code ${exit.code}`}`);
    if (performance.now() >= deadline) {
      await killChild(child);
      throw new StartFailed(plan, `no answer within ${plan.readyMs / 1000} s`);
    }
    await sleep(PROBE_MS);
  }
  return { child, port };
}

/** The servers get nothing of our environment but what a program needs: no secret, no preloaded library. */
function quietEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', TZ: 'UTC' };
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  } catch {
    return '(no log)';
  }
}
