import { setTimeout as wait } from 'node:timers/promises';
import type { MonotonicClock, Sleep } from '@onsale/kernel';

/*
 *              start                 dies by itself                         start
 *  (nothing) ────────► running ─────────────────────────► waiting (backoff) ───────► running
 *                         │ stop                             │ ≥ 10 deaths within a minute: told, once a minute, and paced on
 *                         ▼                                  ▼
 *                      stopped ◄──────── stop ──────────── waiting
 *
 * Nobody is given up: a unit that cannot live is one fault, and taking the others down with it would make it everybody's.
 */

/** A process that is started anew when it dies: what processes promise about kill -9 is worth something only if they come back. */
export type Unit = {
  readonly name: string;
  /** Starts it, or starts it again; resolves with its process id once it may be watched. */
  start(): Promise<number>;
  /** Resolves with a word on how it ended. */
  ended(): Promise<string>;
  stop(): Promise<void>;
};

export type Supervised = { readonly name: string; stop(): Promise<void> };

export type SupervisorEvents = {
  readonly died: (name: string, how: string, againInMs: number) => void;
  readonly started: (name: string, pid: number) => void;
  /** It has died so often that a person should look; told at most once in DEATHS_WITHIN_MS. */
  readonly keepsDying: (name: string, how: string) => void;
};

const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 5_000;
const DEATHS_MAX = 10;
const DEATHS_WITHIN_MS = 60_000;
/** Whoever ran this long begins with the shortest wait again. */
const STABLE_MS = 20_000;

export type Pace = { readonly sleep: Sleep; readonly clock: MonotonicClock };
const REAL_PACE: Pace = { sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined), clock: () => performance.now() };

/** Watches a unit that has been started. */
export function supervise(unit: Unit, events: SupervisorEvents, pace: Pace = REAL_PACE): Supervised {
  const stopping = new AbortController();
  const watching = watch(unit, events, pace, stopping.signal);
  return {
    name: unit.name,
    stop: async () => {
      stopping.abort();
      await unit.stop();
      await watching;
    },
  };
}

async function watch(unit: Unit, events: SupervisorEvents, { sleep, clock }: Pace, stopping: AbortSignal): Promise<void> {
  const deaths: number[] = [];
  let backoffMs = BACKOFF_MIN_MS;
  let toldAt = -Infinity;
  while (!stopping.aborted) {
    const since = clock();
    const how = await unit.ended();
    if (stopping.aborted) return;
    const now = clock();
    if (now - since > STABLE_MS) backoffMs = BACKOFF_MIN_MS;
    deaths.push(now);
    while (deaths.length > 0 && now - (deaths[0] as number) > DEATHS_WITHIN_MS) deaths.shift();
    events.died(unit.name, how, backoffMs);
    if (deaths.length >= DEATHS_MAX && now - toldAt >= DEATHS_WITHIN_MS) {
      toldAt = now;
      events.keepsDying(unit.name, how);
    }
    await sleep(backoffMs, stopping);
    backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
    if (stopping.aborted) return;
    try {
      events.started(unit.name, await unit.start());
    } catch (error) {
      // A start that fails ended too: `ended` answers at once, and the next round waits longer.
      events.died(unit.name, (error as Error).message, backoffMs);
    }
  }
}
