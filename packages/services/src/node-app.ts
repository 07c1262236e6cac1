import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killChild, startChild, stopChild, type Exit } from './child.ts';

export type NodeOptions = {
  readonly name: string;
  /** The whole environment of the app: nothing of ours is added. */
  readonly env: NodeJS.ProcessEnv;
  /** File that takes its output, appended; without it the output is ours. */
  readonly logFile?: string;
  readonly nodeArgs?: readonly string[];
  readonly args?: readonly string[];
  /** Longest time a clean stop may take before it is killed. */
  readonly graceMs?: number;
};

export type NodeApp = {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  ended(): Promise<Exit>;
  /** The next message of the app over IPC that `wanted` accepts; rejects when it ends first or `withinMs` have passed. */
  message<Message>(wanted: (message: unknown) => message is Message, withinMs: number): Promise<Message>;
  /** A message to the app over IPC; dropped when it has ended. */
  send(message: object): void;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

const GRACE_MS = 10_000;

const END_WITH_PARENT = join(import.meta.dirname, 'end-with-parent.mjs');

/**
 * Starts a Node program as a child with an IPC channel, whose end tells it that its parent is gone, whatever killed it. The program closes
 * what it has open on `disconnect`; one that does not, or has not come so far, is ended by what is loaded before it. (The kernel's TERM
 * beside it would be a second signal, which our apps take for impatience.)
 */
export function startNode(script: string, options: NodeOptions): NodeApp {
  const output = options.logFile === undefined ? 'inherit' : openSync(options.logFile, 'a', 0o600);
  const child = startChild({
    command: process.execPath,
    args: ['--import', END_WITH_PARENT, ...(options.nodeArgs ?? []), script, ...(options.args ?? [])],
    env: options.env,
    stdio: ['ignore', output, output, 'ipc'],
    endsWithParent: false,
  });
  if (typeof output === 'number') closeSync(output);
  return {
    name: options.name,
    pid: child.pid,
    get running() {
      return child.exit() === undefined;
    },
    ended: () => child.exited,
    message: async (wanted, withinMs) => {
      const patience = new AbortController();
      let listener: (message: unknown) => void = () => undefined;
      const heard = new Promise<Awaited<ReturnType<NodeApp['message']>>>((done) => {
        listener = (message) => {
          if (wanted(message)) done(message);
        };
        child.process.on('message', listener);
      });
      const ended = child.exited.then((exit) => {
        throw new Error(`${options.name} ended before it was ready (${exit.signal ?? `code ${exit.code}`})`);
      });
      const late = sleep(withinMs, undefined, { signal: patience.signal }).then(() => {
        throw new Error(`${options.name} said nothing for ${withinMs / 1000} s`);
      });
      late.catch(() => undefined);
      try {
        return (await Promise.race([heard, ended, late])) as never;
      } finally {
        patience.abort();
        child.process.off('message', listener);
      }
    },
    send: (message) => {
      if (child.process.connected) child.process.send(message);
    },
    stop: async () => {
      await stopChild(child, options.graceMs ?? GRACE_MS);
    },
    kill: async () => {
      await killChild(child);
    },
  };
}
